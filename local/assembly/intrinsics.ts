import { cidrBlocks } from './cidr';

/** What intrinsic functions need of the stack in which they stand. */
export interface IntrinsicScope {
  /** Resolves a value that may hold further intrinsics. */
  resolve(value: unknown, path: string): unknown;
  ref(name: string): unknown;
  attribute(logicalId: string, attribute: string): unknown;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): unknown;
  import(name: string): unknown;
  /** An output of another stack, which need not export it. */
  stackOutput(stackName: string, outputName: string): unknown;
  readonly region: string;
  /** A stand-in's parts are stand-ins: there is nothing real to select from. */
  isPlaceholder(value: unknown): boolean;
}

type Intrinsic = (argument: unknown, scope: IntrinsicScope, path: string) => unknown;

/** Marks a value that is to be left out; resolves out of objects and lists. */
export const NO_VALUE = Symbol('AWS::NoValue');

/** CloudFormation's functions, those of the language extensions included that need no transform of the whole template. */
export const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, scope) => (argument === 'AWS::NoValue' ? NO_VALUE : scope.ref(asText(argument, 'a name'))),
  Condition: (argument, scope) => scope.condition(asText(argument, 'the name of a condition')),
  'Fn::And': (argument, scope, path) => conditions(argument, scope, path).every(Boolean),
  'Fn::Base64': (argument, scope, path) =>
    Buffer.from(asText(scope.resolve(argument, path), 'text')).toString('base64'),
  'Fn::Cidr': (argument, scope, path) => {
    const [block, count, hostBits = 8] = asList(scope.resolve(argument, path));
    return cidrBlocks(asText(block, 'a block'), Number(count), Number(hostBits));
  },
  'Fn::Equals': (argument, scope, path) => {
    const [left, right] = asList(scope.resolve(argument, path));
    return JSON.stringify(asComparable(left)) === JSON.stringify(asComparable(right));
  },
  'Fn::FindInMap': findInMap,
  'Fn::GetAZs': (argument, scope, path) => {
    const region = scope.resolve(argument, path);
    return ['a', 'b', 'c'].map((zone) => `${asText(region, 'a region') || scope.region}${zone}`);
  },
  'Fn::GetAtt': (argument, scope, path) => {
    const [logicalId, ...rest] = typeof argument === 'string' ? argument.split('.') : asList(argument);
    const attribute = rest.map((part) => asText(scope.resolve(part, path), 'an attribute')).join('.');
    return scope.attribute(asText(logicalId, 'a logical id'), attribute);
  },
  'Fn::GetStackOutput': stackOutput,
  'Fn::If': (argument, scope, path) => {
    const [name, whenTrue, whenFalse] = asList(argument, 3);
    return scope.resolve(scope.condition(asText(name, 'the name of a condition')) ? whenTrue : whenFalse, path);
  },
  'Fn::ImportValue': (argument, scope, path) =>
    scope.import(asText(scope.resolve(argument, path), 'the name of an export')),
  'Fn::Join': (argument, scope, path) => {
    const [separator, parts] = asList(argument, 2);
    return asList(scope.resolve(parts, path))
      .map((part) => asText(part, 'text'))
      .join(asText(separator, 'a separator'));
  },
  'Fn::Length': (argument, scope, path) => asList(scope.resolve(argument, path)).length,
  'Fn::Not': (argument, scope, path) => !conditions(argument, scope, path)[0],
  'Fn::Or': (argument, scope, path) => conditions(argument, scope, path).some(Boolean),
  'Fn::Select': select,
  'Fn::Split': (argument, scope, path) => {
    const [separator, source] = asList(argument, 2);
    const text = scope.resolve(source, path);
    return scope.isPlaceholder(text) ? text : asText(text, 'text').split(asText(separator, 'a separator'));
  },
  'Fn::Sub': substitute,
  'Fn::ToJsonString': (argument, scope, path) => JSON.stringify(scope.resolve(argument, path)),
};

function findInMap(argument: unknown, scope: IntrinsicScope, path: string): unknown {
  const [map, first, second, options] = asList(argument);
  const keys = [map, first, second].map((key) => asText(scope.resolve(key, path), 'a key'));
  const found = scope.mapping(keys[0] ?? '', keys[1] ?? '', keys[2] ?? '');
  const otherwise =
    typeof options === 'object' && options !== null && 'DefaultValue' in options ? options.DefaultValue : undefined;
  const value = found ?? scope.resolve(otherwise, path);
  if (value === undefined) throw new Error(`Fn::FindInMap: no entry ${keys.join(' / ')} in the template's mappings`);
  return scope.resolve(value, path);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html */
function stackOutput(argument: unknown, scope: IntrinsicScope, path: string): unknown {
  const given = (typeof argument === 'object' && argument !== null ? argument : {}) as Record<string, unknown>;
  const [stackName, outputName] = ['StackName', 'OutputName'].map((name) =>
    asText(scope.resolve(given[name], `${path}.${name}`), `text for ${name}`),
  );
  return scope.stackOutput(stackName ?? '', outputName ?? '');
}

function select(argument: unknown, scope: IntrinsicScope, path: string): unknown {
  const [index, source] = asList(argument, 2);
  const list = scope.resolve(source, path);
  if (scope.isPlaceholder(list)) return list;
  const items = asList(list);
  const position = Number(scope.resolve(index, path));
  if (!Number.isInteger(position) || position < 0 || position >= items.length) {
    throw new Error(
      `Fn::Select: index ${String(position)} is outside of a list of ${String(items.length)}: ${JSON.stringify(items)}`,
    );
  }
  return items[position];
}

function substitute(argument: unknown, scope: IntrinsicScope, path: string): string {
  const [template, variables] = typeof argument === 'string' ? [argument, {}] : asList(argument, 2);
  const given = (typeof variables === 'object' && variables !== null ? variables : {}) as Record<string, unknown>;
  return asText(template, 'text').replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (name in given) return asText(scope.resolve(given[name], path), `text for ${name}`);
    const [logicalId = '', ...attribute] = name.trim().split('.');
    const isReference = attribute.length === 0;
    return asText(
      isReference ? scope.ref(logicalId) : scope.attribute(logicalId, attribute.join('.')),
      `text for ${name}`,
    );
  });
}

function conditions(argument: unknown, scope: IntrinsicScope, path: string): boolean[] {
  return asList(argument).map((condition) => scope.resolve(condition, path) === true);
}

/** Numbers and booleans compare as the text that they are in a template. */
function asComparable(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

function asText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`must be ${what}; received ${JSON.stringify(value)}`);
}

function asList(value: unknown, length?: number): unknown[] {
  if (!Array.isArray(value)) throw new Error(`must be a list; received ${JSON.stringify(value)}`);
  if (length !== undefined && value.length !== length) {
    throw new Error(`must be a list of ${String(length)}; received ${JSON.stringify(value)}`);
  }
  return value as unknown[];
}
