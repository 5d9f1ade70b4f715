import { AssemblyError } from './assembly-error';
import type { StackArtifact } from './assembly';
import type { ResolvedResource, ResolvedStack, StackMember, UnsupportedResource } from './resolved-stack';

/** A stack and those that it imports from, as one; its own come first, and the others' logical ids begin with their stack's name. */
export class JoinedStack implements ResolvedStack {
  readonly artifact: StackArtifact;
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly unsupported: readonly UnsupportedResource[];
  readonly customResources: readonly ResolvedResource[];
  readonly members: readonly StackMember[];

  constructor(
    private readonly own: ResolvedStack,
    imported: readonly StackMember[],
  ) {
    this.members = [...imported, { prefix: '', stack: own }];
    const artifacts = this.ownFirst.map(({ stack }) => stack.artifact);
    this.artifact = {
      ...own.artifact,
      fileAssets: artifacts.flatMap(({ fileAssets }) => fileAssets),
      dockerAssets: artifacts.flatMap(({ dockerAssets }) => dockerAssets),
    };
    this.resources = new Map(
      this.collect(({ resources }) => [...resources.values()]).map((one) => [one.logicalId, one]),
    );
    this.outputs = Object.fromEntries(
      this.ownFirst.flatMap(({ prefix, stack }) =>
        Object.entries(stack.outputs).map(([name, value]) => [prefix + name, value]),
      ),
    );
    this.unsupported = this.collect(({ unsupported }) => unsupported);
    this.customResources = this.collect(({ customResources }) => customResources);
  }

  get name(): string {
    return this.own.name;
  }

  get id(): string {
    return this.own.id;
  }

  get region(): string {
    return this.own.region;
  }

  get account(): string {
    return this.own.account;
  }

  ofType(type: string): ResolvedResource[] {
    return [...this.resources.values()].filter((resource) => resource.type === type);
  }

  attribute(logicalId: string, name: string): string {
    const { prefix, stack } = this.memberOf(logicalId);
    return stack.attribute(logicalId.slice(prefix.length), name);
  }

  runs(logicalId: string): boolean {
    const { prefix, stack } = this.memberOf(logicalId);
    return stack.runs(logicalId.slice(prefix.length));
  }

  private get ownFirst(): readonly StackMember[] {
    return [...this.members].reverse();
  }

  private memberOf(logicalId: string): StackMember {
    const member = this.members.find(({ prefix }) => logicalId.startsWith(prefix));
    if (member === undefined) throw new AssemblyError(`no resource named ${logicalId} in stack ${this.name}.`);
    return member;
  }

  private collect<T extends { readonly logicalId: string }>(of: (stack: ResolvedStack) => readonly T[]): T[] {
    return this.ownFirst.flatMap(({ prefix, stack }) =>
      of(stack).map((one) => ({ ...one, logicalId: prefix + one.logicalId })),
    );
  }
}
