import type { ResolvedResource, ResolvedStack } from '../assembly';
import { type EdgeState, StackEdge, type StackEdgeOptions } from './edge';

const DISTRIBUTION = 'AWS::CloudFront::Distribution';

/** CloudFront for the stack's distributions: the first one is the site, the others stand beside it on ports of their own. */
export class StackEdges {
  static idsIn(stack: ResolvedStack): readonly string[] {
    return stack.ofType(DISTRIBUTION).map(({ physicalId }) => physicalId);
  }

  static areIn(stack: ResolvedStack): boolean {
    return stack.ofType(DISTRIBUTION).length > 0;
  }

  private members: readonly StackEdge[] = [];

  /** @param options with the port of the first one */
  constructor(private readonly options: StackEdgeOptions) {}

  async start(stack: ResolvedStack): Promise<void> {
    await this.update(stack);
  }

  /** Address of the first one; undefined where there is none. */
  get url(): string | undefined {
    return this.members[0]?.url;
  }

  get states(): readonly EdgeState[] {
    return this.members.map(({ state }) => state);
  }

  /** What all of them have done together, by what `x-cache` says, and what they keep. */
  get totals(): Pick<EdgeState, 'requests' | 'cached'> | undefined {
    if (this.members.length === 0) return undefined;
    const requests: Record<string, number> = {};
    let [objects, bytes] = [0, 0];
    for (const { requests: own, cached } of this.states) {
      for (const [result, count] of Object.entries(own)) requests[result] = (requests[result] ?? 0) + count;
      objects += cached.objects;
      bytes += cached.bytes;
    }
    return { requests, cached: { objects, bytes } };
  }

  /** What of the distributions does not run as it would on AWS, and where those beside the first one are, in sentences. */
  get notes(): readonly string[] {
    return [
      ...new Set(this.members.flatMap(({ notes }) => notes)),
      ...this.members.slice(1).map(({ name, url }) => `distribution ${name} is at ${url}`),
    ];
  }

  /** Goes on as another template of the stack says, with the distributions that it has. */
  async update(stack: ResolvedStack): Promise<void> {
    const distributions = stack.ofType(DISTRIBUTION);
    const names = new Set(distributions.map(({ logicalId }) => logicalId));
    const leaving = this.members.filter(({ name }) => !names.has(name));
    this.members = this.members.filter((member) => !leaving.includes(member));
    for (const distribution of distributions) await this.runDistribution(stack, distribution);
    await Promise.all(leaving.map((member) => member.close()));
  }

  /** Ends cached objects of a distribution early: `/path`, `/prefix*` or `#tag`. Answers how many went. */
  invalidate(distributionId: string, items: readonly string[]): number {
    return this.members.reduce((sum, member) => sum + member.invalidate(distributionId, items), 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()));
  }

  private async runDistribution(stack: ResolvedStack, distribution: ResolvedResource): Promise<void> {
    const known = this.members.find(({ name }) => name === distribution.logicalId);
    if (known) {
      known.update(stack, distribution);
      return;
    }
    const port = this.members.length === 0 ? this.options.port : 0;
    this.members = [...this.members, await StackEdge.start(stack, distribution, { ...this.options, port })];
  }
}
