import type { ResolvedResource, ResolvedStack } from '../assembly';
import { Edge, type EdgeEvent, type Hosts } from '../edge';

/** The edge of a distribution, as JSON. */
export interface EdgeState {
  readonly url: string;
  /** Logical id of the distribution. */
  readonly name: string;
  readonly distributionId: string;
  /** The domain name that CloudFront would give. */
  readonly domainName: string;
  readonly cached: { readonly objects: number; readonly bytes: number };
  /** Finished requests by their result, for example `{ Hit: 2, Miss: 1 }`. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface StackEdgeOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly hosts: Hosts;
  /** Told of each request after its end. */
  readonly onRequest: (event: EdgeEvent) => void;
}

/** CloudFront for one distribution of the stack. */
export class StackEdge {
  static async start(
    stack: ResolvedStack,
    distribution: ResolvedResource,
    { port, hosts, onRequest }: StackEdgeOptions,
  ): Promise<StackEdge> {
    const requests = new Map<string, number>();
    const edge = new Edge({
      ...configurationOf(stack, distribution),
      hosts,
      onRequest: (event: EdgeEvent) => {
        requests.set(event.result, (requests.get(event.result) ?? 0) + 1);
        onRequest(event);
      },
    });
    await edge.listen(port);
    return new StackEdge(distribution.logicalId, edge, requests);
  }

  private constructor(
    /** Logical id of the distribution. */
    readonly name: string,
    private readonly edge: Edge,
    private readonly requests: ReadonlyMap<string, number>,
  ) {}

  get url(): string {
    return this.edge.address.url;
  }

  get state(): EdgeState {
    const { id, domainName } = this.edge.distribution;
    return {
      url: this.url,
      name: this.name,
      distributionId: id,
      domainName,
      cached: this.edge.stored,
      requests: Object.fromEntries(this.requests),
    };
  }

  /** What of the distribution does not run as it would on AWS, in sentences. */
  get notes(): readonly string[] {
    return this.edge.unsupported.map((sentence) => `edge: ${sentence}`);
  }

  /** Goes on as another template of the stack says. */
  update(stack: ResolvedStack, distribution: ResolvedResource): void {
    this.edge.update(configurationOf(stack, distribution));
  }

  /** Ends cached objects of the distribution early: `/path`, `/prefix*` or `#tag`. Answers how many went. */
  invalidate(distributionId: string, items: readonly string[]): number {
    return distributionId === this.edge.distribution.id ? this.edge.invalidate(items) : 0;
  }

  async close(): Promise<void> {
    await this.edge.close();
  }
}

function configurationOf(stack: ResolvedStack, distribution: ResolvedResource) {
  const domainName = stack.attribute(distribution.logicalId, 'DomainName');
  return { distribution, resources: stack.resources.values(), domainName };
}
