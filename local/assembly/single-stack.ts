import { AssemblyError } from './assembly-error';
import type { StackArtifact } from './assembly';
import { coverageOf, type Coverage } from './coverage';
import type { ResolvedResource, ResolvedStack, StackMember, UnsupportedResource } from './resolved-stack';
import type { StackResolver } from './stack-resolver';
import { constructPath } from './template';

/** One stack of an assembly, resolved: names are made up, but the same in every run. */
export class SingleStack implements ResolvedStack {
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly unsupported: readonly UnsupportedResource[];
  readonly customResources: readonly ResolvedResource[];
  readonly members: readonly StackMember[] = [{ prefix: '', stack: this }];

  constructor(
    readonly artifact: StackArtifact,
    private readonly resolver: StackResolver,
  ) {
    this.resources = new Map(this.resolveResources().map((resource) => [resource.logicalId, resource]));
    this.outputs = this.resolveOutputs();
    this.customResources = this.findCustomResources();
    this.unsupported = this.collectUnsupported();
  }

  get name(): string {
    return this.artifact.name;
  }

  get id(): string {
    return String(this.resolver.ref('AWS::StackId'));
  }

  get region(): string {
    return this.artifact.environment.region;
  }

  get account(): string {
    return this.artifact.environment.account;
  }

  ofType(type: string): ResolvedResource[] {
    return [...this.resources.values()].filter((resource) => resource.type === type);
  }

  attribute(logicalId: string, name: string): string {
    if (!this.resources.has(logicalId))
      throw new AssemblyError(`no resource named ${logicalId} in stack ${this.name}.`);
    return String(this.resolver.attribute(logicalId, name));
  }

  runs(logicalId: string): boolean {
    return !this.unsupported.some((resource) => resource.logicalId === logicalId);
  }

  private resolveResources(): ResolvedResource[] {
    return Object.entries(this.artifact.template.Resources)
      .filter(([, resource]) => this.resolver.exists(resource))
      .map(([logicalId, resource]) => {
        const path = constructPath(resource);
        return {
          logicalId,
          type: resource.Type,
          properties: this.resolver.properties(logicalId),
          physicalId: String(this.resolver.ref(logicalId)),
          ...(path !== undefined && { path }),
        };
      });
  }

  private resolveOutputs(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.artifact.template.Outputs ?? {})
        .filter(([, output]) => this.resolver.exists(output))
        .map(([name, output]) => [name, this.resolver.resolve(output.Value, `Outputs.${name}.Value`)]),
    );
  }

  private collectUnsupported(): UnsupportedResource[] {
    const providers = this.deploymentProviders();
    const served = new Set(this.customResources.map(({ logicalId }) => logicalId));
    return [...this.resources.values()].flatMap((resource) => {
      const { logicalId, type, path } = resource;
      const coverage: Coverage = providers.has(logicalId)
        ? { kind: 'not-needed', reason: 'the local stack does what its custom resources ask for' }
        : served.has(logicalId) || isNodeFunction(resource)
          ? { kind: 'emulated' }
          : coverageOf(type);
      if (coverage.kind === 'emulated') return [];
      const reason = coverage.kind === 'not-needed' ? { reason: coverage.reason } : {};
      return [{ logicalId, type, ...(path !== undefined && { path }), ...reason }];
    });
  }

  /** Functions that only serve custom resources which the local stack stands in for, or which are not missed. */
  private deploymentProviders(): Set<string> {
    const customers = [...this.resources.values()].filter(({ properties }) => properties.ServiceToken !== undefined);
    const functions = this.ofType('AWS::Lambda::Function').filter(({ logicalId }) => {
      const arn = this.attribute(logicalId, 'Arn');
      const served = customers.filter(({ properties }) => properties.ServiceToken === arn);
      return served.length > 0 && served.every(({ type }) => coverageOf(type).kind !== 'not-emulated');
    });
    return new Set(functions.map(({ logicalId }) => logicalId));
  }

  private findCustomResources(): ResolvedResource[] {
    const functions = this.ofType('AWS::Lambda::Function').filter(isNodeFunction);
    const tokens = new Set(functions.map(({ logicalId }) => this.attribute(logicalId, 'Arn')));
    return [...this.resources.values()].filter(
      ({ type, properties }) =>
        !CALL_AWS.includes(type) &&
        coverageOf(type).kind === 'not-emulated' &&
        tokens.has(String(properties.ServiceToken)),
    );
  }
}

/** Custom resources of CDK whose functions do nothing but call AWS services that are not here. */
const CALL_AWS = ['Custom::AWS', 'Custom::LogRetention'];

function isNodeFunction({ type, properties }: ResolvedResource): boolean {
  return type === 'AWS::Lambda::Function' && String(properties.Runtime).startsWith('nodejs');
}
