import type { ResolvedResource, ResolvedStack } from '../assembly';
import { Edge, type EdgeEvent, type Hosts } from '../edge';

const DISTRIBUTION = 'AWS::CloudFront::Distribution';

/** The edge, as JSON. */
export interface EdgeState {
  readonly url: string;
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

/** CloudFront for the stack's distribution; the first one, where it has several. */
export class StackEdge {
  /** Ids of the stack's distributions, of those that are not run, too. */
  static idsIn(stack: ResolvedStack): readonly string[] {
    return stack.ofType(DISTRIBUTION).map(({ physicalId }) => physicalId);
  }

  static isIn(stack: ResolvedStack): boolean {
    return stack.ofType(DISTRIBUTION).length > 0;
  }

  static async start(stack: ResolvedStack, { port, hosts, onRequest }: StackEdgeOptions): Promise<StackEdge> {
    const [distribution, ...others] = stack.ofType(DISTRIBUTION);
    if (distribution === undefined) throw new Error(`cdk-nextjs-ecs local: stack ${stack.name} has no distribution.`);
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
    return new StackEdge(edge, others, requests);
  }

  private constructor(
    private readonly edge: Edge,
    private readonly others: readonly ResolvedResource[],
    private readonly requests: ReadonlyMap<string, number>,
  ) {}

  get url(): string {
    return this.edge.address.url;
  }

  get state(): EdgeState {
    const { id, domainName } = this.edge.distribution;
    return {
      url: this.url,
      distributionId: id,
      domainName,
      cached: this.edge.stored,
      requests: Object.fromEntries(this.requests),
    };
  }

  /** What of the stack's distributions does not run as it would on AWS, in sentences. */
  get notes(): readonly string[] {
    return [
      ...this.edge.unsupported.map((sentence) => `edge: ${sentence}`),
      ...this.others.map(
        ({ logicalId }) => `distribution ${logicalId} is not run: the stack has several, and only the first one runs`,
      ),
    ];
  }

  /** Goes on as another template of the stack says; a distribution that is new there is not run. */
  update(stack: ResolvedStack): void {
    const distribution = stack.ofType(DISTRIBUTION).find(({ physicalId }) => physicalId === this.edge.distribution.id);
    if (distribution) this.edge.update(configurationOf(stack, distribution));
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
