import { AssemblyError } from './assembly-error';
import type { StackArtifact } from './assembly';
import { pseudoParameters } from './environment';
import { INTRINSICS, NO_VALUE, type IntrinsicScope } from './intrinsics';
import { physicalResource, placeholderAttribute, type PhysicalResource } from './physical-model';
import type { ModelledResource } from './physical-name';
import { constructPath, type TemplateParameter, type TemplateResource } from './template';

/** Values for template parameters, by name; the others take their defaults. */
export type ParameterValues = Readonly<Record<string, string>>;

/** A resource that was made: its names come from whoever made it. */
export interface MadeResource {
  readonly physicalId: string;
  /** Attributes by name. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a stack may ask of the others. */
export interface OtherStacks {
  export(name: string): unknown;
  output(stackName: string, outputName: string): unknown;
}

/** Resolves the intrinsics of one stack's template against the physical model. */
export class StackResolver implements IntrinsicScope {
  private readonly pseudo: Record<string, string | string[]>;
  private readonly physical = new Map<string, PhysicalResource>();
  private readonly conditions = new Map<string, boolean>();
  private readonly placeholders = new Set<unknown>();
  /** What is being resolved: meeting it again is a cycle. */
  private readonly open: string[] = [];

  constructor(
    readonly stack: StackArtifact,
    private readonly parameters: ParameterValues,
    private readonly others: OtherStacks,
    private readonly made: ReadonlyMap<string, MadeResource> = new Map(),
  ) {
    this.pseudo = pseudoParameters(stack.environment);
  }

  get region(): string {
    return this.stack.environment.region;
  }

  /** Whether the resource's or output's condition, if it has one, holds. */
  exists({ Condition }: { readonly Condition?: string }): boolean {
    return Condition === undefined || this.condition(Condition);
  }

  /** A resource's properties, resolved. */
  properties(logicalId: string): Record<string, unknown> {
    const { Properties: properties = {} } = this.resource(logicalId);
    return this.resolve(properties, `Resources.${logicalId}.Properties`) as Record<string, unknown>;
  }

  resolve(value: unknown, path: string): unknown {
    if (Array.isArray(value)) {
      return value
        .map((item, index) => this.resolve(item, `${path}[${String(index)}]`))
        .filter((item) => item !== NO_VALUE);
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value as Record<string, unknown>);
    const [name, argument] = entries[0] ?? [''];
    if (entries.length === 1 && this.isIntrinsic(name, argument)) return this.callIntrinsic(name, argument, path);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, this.resolve(item, `${path}.${key}`)]).filter(([, item]) => item !== NO_VALUE),
    );
  }

  ref(name: string): unknown {
    if (name in this.pseudo) return this.pseudo[name];
    const parameter = this.stack.template.Parameters?.[name];
    if (parameter) return this.parameter(name, parameter);
    return this.made.get(name)?.physicalId ?? this.physicalResource(name).ref;
  }

  attribute(logicalId: string, attribute: string): unknown {
    const made = this.made.get(logicalId);
    if (made) return madeAttribute(made, logicalId, attribute);
    const known = this.physicalResource(logicalId).attributes[attribute];
    if (known !== undefined) return known;
    const placeholder = placeholderAttribute(this.modelled(logicalId), attribute);
    this.placeholders.add(placeholder);
    return placeholder;
  }

  condition(name: string): boolean {
    const known = this.conditions.get(name);
    if (known !== undefined) return known;
    const expression = this.stack.template.Conditions?.[name];
    if (expression === undefined) throw new Error(`no condition named ${name} in the template`);
    const holds = this.guard(`condition ${name}`, () => this.resolve(expression, `Conditions.${name}`)) === true;
    this.conditions.set(name, holds);
    return holds;
  }

  mapping(map: string, first: string, second: string): unknown {
    return this.stack.template.Mappings?.[map]?.[first]?.[second];
  }

  import(name: string): unknown {
    return this.others.export(name);
  }

  stackOutput(stackName: string, outputName: string): unknown {
    return this.others.output(stackName, outputName);
  }

  isPlaceholder(value: unknown): boolean {
    return this.placeholders.has(value);
  }

  private isIntrinsic(name: string, argument: unknown): boolean {
    if (name === 'Condition')
      return typeof argument === 'string' && this.stack.template.Conditions?.[argument] !== undefined;
    return name === 'Ref' || name.startsWith('Fn::');
  }

  private callIntrinsic(name: string, argument: unknown, path: string): unknown {
    try {
      const intrinsic = INTRINSICS[name];
      if (!intrinsic) throw new Error(`the local stack does not know ${name}`);
      return intrinsic(argument, this, path);
    } catch (error) {
      if (error instanceof AssemblyError || !(error instanceof Error)) throw error;
      throw new AssemblyError(`${this.describe(path)}: ${name}: ${error.message.replace(`${name}: `, '')}`, {
        cause: error,
      });
    }
  }

  private parameter(name: string, { Type: type, Default: otherwise }: TemplateParameter): unknown {
    const value = this.parameters[name] ?? otherwise;
    if (value === undefined) {
      throw new Error(
        `parameter ${name} has neither a value nor a default: give it a default in the app, or a value here`,
      );
    }
    // The parameter's value names another one in SSM, which nobody can look up here.
    if (type.startsWith('AWS::SSM::Parameter::Value'))
      return type.includes('List<') ? [`ssm:${String(value)}`] : `ssm:${String(value)}`;
    const text = String(value);
    return type === 'CommaDelimitedList' || type.startsWith('List<')
      ? text.split(',').map((item) => item.trim())
      : text;
  }

  private physicalResource(logicalId: string): PhysicalResource {
    const known = this.physical.get(logicalId);
    if (known) return known;
    const resource = this.resource(logicalId);
    if (!this.exists(resource))
      throw new Error(`${logicalId} is not created, because its condition ${resource.Condition ?? ''} is false`);
    const physical = this.guard(logicalId, () => physicalResource(this.modelled(logicalId)));
    this.physical.set(logicalId, physical);
    return physical;
  }

  private modelled(logicalId: string): ModelledResource {
    const { Type: type, Properties: properties = {} } = this.resource(logicalId);
    return {
      logicalId,
      type,
      environment: this.stack.environment,
      property: (name) => this.resolve(properties[name], `Resources.${logicalId}.Properties.${name}`),
    };
  }

  private resource(logicalId: string): TemplateResource {
    const resource = this.stack.template.Resources[logicalId];
    if (!resource) throw new Error(`no resource or parameter named ${logicalId} in the template`);
    return resource;
  }

  private guard<Result>(name: string, resolve: () => Result): Result {
    if (this.open.includes(name)) throw new Error(`circular reference: ${[...this.open, name].join(' → ')}`);
    this.open.push(name);
    try {
      return resolve();
    } finally {
      this.open.pop();
    }
  }

  private describe(path: string): string {
    const [, logicalId = ''] = /^Resources\.([^.]+)/.exec(path) ?? [];
    const resource = this.stack.template.Resources[logicalId];
    const construct = resource && constructPath(resource);
    return `stack ${this.stack.name}: ${path}${construct === undefined ? '' : ` (${construct})`}`;
  }
}

/** `Member.Part` reaches into an object of the data. */
function madeAttribute({ data }: MadeResource, logicalId: string, attribute: string): unknown {
  const value =
    data[attribute] ??
    attribute.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], data);
  if (value !== undefined) return value;
  const names = Object.keys(data).join(', ') || 'none';
  throw new Error(`the response of ${logicalId} has no attribute ${attribute}; it has: ${names}`);
}
