import { AssemblyError } from './assembly-error';
import type { Assembly, StackArtifact } from './assembly';
import { coverageOf, type Coverage } from './coverage';
import { StackResolver, type MadeResource, type ParameterValues } from './stack-resolver';
import { constructPath } from './template';

/** A resource as CloudFormation would make it: nothing in its properties is left to resolve. */
export interface ResolvedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** The construct's path, for example `Shop/Site/Cache/Bucket/Resource`. */
  readonly path?: string;
}

/** A resource that does not run here. */
export interface UnsupportedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly path?: string;
  /** Why nothing is missed; absent where something is: the type is not emulated. */
  readonly reason?: string;
}

export interface ResolveOptions {
  /** Where imported values come from; without it, the stack alone. */
  readonly assembly?: Assembly;
  readonly parameters?: ParameterValues;
  /** Custom resources of the stack that were made, by logical id. */
  readonly made?: ReadonlyMap<string, MadeResource>;
}

/** A stack with all intrinsics resolved, without a deployment: names are made up, but the same in every run. */
export class ResolvedStack {
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Resources that do not run here, those that are not missed included. */
  readonly unsupported: readonly UnsupportedResource[];
  /** Custom resources that functions of the stack serve, by logical id. */
  readonly customResources: readonly ResolvedResource[];

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

  /** The stack's ARN. */
  get id(): string {
    return String(this.resolver.ref('AWS::StackId'));
  }

  get region(): string {
    return this.artifact.environment.region;
  }

  get account(): string {
    return this.artifact.environment.account;
  }

  /** The resources of a type, in the template's order. */
  ofType(type: string): ResolvedResource[] {
    return [...this.resources.values()].filter((resource) => resource.type === type);
  }

  /** What `Fn::GetAtt` gives, for example `attribute('Balancer', 'DNSName')`. */
  attribute(logicalId: string, name: string): string {
    if (!this.resources.has(logicalId))
      throw new AssemblyError(`no resource named ${logicalId} in stack ${this.name}.`);
    return String(this.resolver.attribute(logicalId, name));
  }

  /** Whether the resource, which is one of the stack's, runs here. */
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

/** Resolves a stack; values that it imports are resolved in the other stacks of the assembly. */
export function resolveStack(
  artifact: StackArtifact,
  { assembly, parameters = {}, made }: ResolveOptions = {},
): ResolvedStack {
  const exports = new Exports(assembly?.stacks ?? [artifact], parameters, { artifact, made });
  return new ResolvedStack(artifact, exports.resolverOf(artifact));
}

/** The exports of all stacks of an assembly, resolved when they are asked for. */
class Exports {
  private readonly resolvers: ReadonlyMap<StackArtifact, StackResolver>;

  constructor(
    stacks: readonly StackArtifact[],
    parameters: ParameterValues,
    { artifact, made }: { readonly artifact: StackArtifact; readonly made?: ReadonlyMap<string, MadeResource> },
  ) {
    const find = (name: string) => this.find(name);
    this.resolvers = new Map(
      stacks.map((stack) => [stack, new StackResolver(stack, parameters, find, stack === artifact ? made : undefined)]),
    );
  }

  resolverOf(stack: StackArtifact): StackResolver {
    const resolver = this.resolvers.get(stack);
    if (!resolver) throw new AssemblyError(`stack ${stack.displayName} is not in the assembly.`);
    return resolver;
  }

  private find(name: string): unknown {
    for (const [stack, resolver] of this.resolvers) {
      for (const [id, output] of Object.entries(stack.template.Outputs ?? {})) {
        const exported =
          output.Export && resolver.exists(output)
            ? resolver.resolve(output.Export.Name, `Outputs.${id}.Export.Name`)
            : undefined;
        if (exported === name) return resolver.resolve(output.Value, `Outputs.${id}.Value`);
      }
    }
    throw new Error(`no stack of the assembly exports ${name}`);
  }
}
