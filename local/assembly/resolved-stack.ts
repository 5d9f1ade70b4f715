import { AssemblyError } from './assembly-error';
import type { Assembly, StackArtifact } from './assembly';
import { JoinedStack } from './joined-stack';
import { SingleStack } from './single-stack';
import { StackResolver, type MadeResource, type ParameterValues } from './stack-resolver';

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

/** A stack with all intrinsics resolved, without a deployment. */
export interface ResolvedStack {
  /** The stack's name, environment and template, with all assets that its resources need. */
  readonly artifact: StackArtifact;
  readonly name: string;
  /** The stack's ARN. */
  readonly id: string;
  readonly region: string;
  readonly account: string;
  /** By logical id. */
  readonly resources: ReadonlyMap<string, ResolvedResource>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Resources that do not run here, those that are not missed included. */
  readonly unsupported: readonly UnsupportedResource[];
  /** Custom resources that functions of the stack serve, in the order of the template. */
  readonly customResources: readonly ResolvedResource[];
  /** The stacks that it is made of, each after those that it imports from. */
  readonly members: readonly StackMember[];
  /** The resources of a type, in the template's order. */
  ofType(type: string): ResolvedResource[];
  /** What `Fn::GetAtt` gives, for example `attribute('Balancer', 'DNSName')`. */
  attribute(logicalId: string, name: string): string;
  /** Whether the resource, which is one of the stack's, runs here. */
  runs(logicalId: string): boolean;
}

/** A stack by itself, and what stands before its logical ids where it is joined with others. */
export interface StackMember {
  readonly prefix: string;
  readonly stack: ResolvedStack;
}

/**
 * Resolves a stack together with the stacks of the assembly that it asks for values: what those hold, a load balancer that it has a rule of or
 * the tasks behind its distribution, is there when it is deployed.
 */
export function resolveStack(
  artifact: StackArtifact,
  { assembly, parameters = {}, made = new Map<string, MadeResource>() }: ResolveOptions = {},
): ResolvedStack {
  const stacks = new Stacks(artifact, assembly?.stacks ?? [artifact], parameters, made);
  const resolved = new Map<StackArtifact, SingleStack>();
  const resolve = (stack: StackArtifact): void => {
    if (resolved.has(stack)) return;
    resolved.set(stack, new SingleStack(stack, stacks.resolverOf(stack)));
    for (const asked of stacks.askedBy(stack)) resolve(asked);
  };
  resolve(artifact);
  const [stack, ...others] = resolved.values();
  if (!stack) throw new AssemblyError(`stack ${artifact.displayName} is not in the assembly.`);
  if (others.length === 0) return stack;
  return new JoinedStack(
    stack,
    others.reverse().map((other) => ({ prefix: prefixOf(other.artifact), stack: other })),
  );
}

/** Dots are in no logical id. */
function prefixOf({ name }: StackArtifact): string {
  return `${name}.`;
}

/** The stacks of an assembly, and the values that they give each other, which are resolved when they are asked for. */
class Stacks {
  private readonly resolvers: ReadonlyMap<StackArtifact, StackResolver>;
  private readonly asked = new Map<StackArtifact, Set<StackArtifact>>();

  constructor(
    artifact: StackArtifact,
    stacks: readonly StackArtifact[],
    parameters: ParameterValues,
    made: ReadonlyMap<string, MadeResource>,
  ) {
    this.resolvers = new Map(
      stacks.map((stack) => {
        const others = {
          export: (name: string) => this.findExport(stack, name),
          output: (stackName: string, outputName: string) => this.findOutput(stack, stackName, outputName),
        };
        const own = stack === artifact ? made : madeIn(prefixOf(stack), made);
        return [stack, new StackResolver(stack, parameters, others, own)];
      }),
    );
  }

  resolverOf(stack: StackArtifact): StackResolver {
    const resolver = this.resolvers.get(stack);
    if (!resolver) throw new AssemblyError(`stack ${stack.displayName} is not in the assembly.`);
    return resolver;
  }

  /** The stacks that one has asked for values so far. */
  askedBy(stack: StackArtifact): readonly StackArtifact[] {
    return [...(this.asked.get(stack) ?? [])];
  }

  private findExport(asking: StackArtifact, name: string): unknown {
    for (const [stack, resolver] of this.resolvers) {
      for (const [id, output] of Object.entries(stack.template.Outputs ?? {})) {
        const exported =
          output.Export && resolver.exists(output)
            ? resolver.resolve(output.Export.Name, `Outputs.${id}.Export.Name`)
            : undefined;
        if (exported === name) return this.valueOf(asking, stack, id);
      }
    }
    throw new Error(`no stack of the assembly exports ${name}`);
  }

  private findOutput(asking: StackArtifact, stackName: string, outputName: string): unknown {
    const stack = [...this.resolvers.keys()].find(({ name }) => name === stackName);
    if (stack?.template.Outputs?.[outputName] !== undefined) return this.valueOf(asking, stack, outputName);
    throw new Error(`no stack ${stackName} of the assembly has an output ${outputName}`);
  }

  private valueOf(asking: StackArtifact, stack: StackArtifact, outputName: string): unknown {
    if (stack !== asking) this.asked.set(asking, (this.asked.get(asking) ?? new Set()).add(stack));
    return this.resolverOf(stack).resolve(stack.template.Outputs?.[outputName]?.Value, `Outputs.${outputName}.Value`);
  }
}

/** By the logical ids that the stack itself knows. */
function madeIn(prefix: string, made: ReadonlyMap<string, MadeResource>): ReadonlyMap<string, MadeResource> {
  const own = [...made].filter(([logicalId]) => logicalId.startsWith(prefix));
  return new Map(own.map(([logicalId, resource]) => [logicalId.slice(prefix.length), resource]));
}
