/** Whether an event, or a value in it, is meant. */
export type Matches = (value: unknown) => boolean;

/** A pattern that AWS would refuse, or that the local stack does not know. */
export class EventPatternError extends Error {
  constructor(message: string) {
    super(`cdk-nextjs-ecs local: event pattern: ${message}`);
    this.name = 'EventPatternError';
  }
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads an event pattern, as EventBridge rules and the filters of event source mappings have it.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function readEventPattern(pattern: unknown): Matches {
  if (!isFields(pattern)) throw new EventPatternError(`must be an object; received ${JSON.stringify(pattern)}`);
  const conditions = Object.entries(pattern).map(([name, value]) =>
    name === '$or' ? anyOf(value) : field(name, value),
  );
  return (event) => conditions.every((matches) => matches(event));
}

function anyOf(value: unknown): Matches {
  if (!Array.isArray(value)) throw new EventPatternError(`$or must be a list; received ${JSON.stringify(value)}`);
  const alternatives = value.map(readEventPattern);
  return (event) => alternatives.some((matches) => matches(event));
}

function field(name: string, value: unknown): Matches {
  const of = (event: unknown) => (isFields(event) ? event[name] : undefined);
  if (isFields(value)) {
    const nested = readEventPattern(value);
    // A list in the event matches by any of its members.
    return (event) => listOf(of(event)).some(nested);
  }
  if (!Array.isArray(value)) {
    throw new EventPatternError(`"${name}" must be an object or a list; received ${JSON.stringify(value)}`);
  }
  const matchers = value.map((matcher) => readMatcher(name, matcher));
  return (event) => matchers.some((matches) => matches(of(event)));
}

/** One of a field's alternatives; it sees the field's value, undefined where there is none. */
function readMatcher(name: string, matcher: unknown): Matches {
  if (!isFields(matcher)) return (value) => listOf(value).some((member) => member === matcher);
  const [operator = '', argument] = Object.entries(matcher)[0] ?? [];
  if (operator === 'exists') return (value) => (value !== undefined) === (argument === true);
  const matches = OPERATORS[operator]?.(argument);
  if (!matches)
    throw new EventPatternError(`"${name}" has an operator that the local stack does not know: ${operator}`);
  return (value) => value !== undefined && listOf(value).some(matches);
}

const OPERATORS: Readonly<Record<string, (argument: unknown) => Matches>> = {
  prefix: (argument) => onText(argument, (value, part) => value.startsWith(part)),
  suffix: (argument) => onText(argument, (value, part) => value.endsWith(part)),
  wildcard: (argument) => onText(argument, matchesWildcard),
  'equals-ignore-case': (argument) => {
    const expected = String(argument).toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === expected;
  },
  'anything-but': (argument) => {
    const excluded = isFields(argument)
      ? [readMatcher('anything-but', argument)]
      : listOf(argument).map((member) => readMatcher('anything-but', member));
    return (value) => !excluded.some((matches) => matches(value));
  },
  numeric: (argument) => {
    const parts = listOf(argument);
    const comparisons = Array.from({ length: Math.ceil(parts.length / 2) }, (_, index) =>
      comparison(parts[2 * index], parts[2 * index + 1]),
    );
    return (value) => typeof value === 'number' && comparisons.every((holds) => holds(value));
  },
};

/** A text, several, or one to compare without regard to case. */
function onText(argument: unknown, compare: (value: string, part: string) => boolean): Matches {
  if (isFields(argument)) {
    const part = String(argument['equals-ignore-case']).toLowerCase();
    return (value) => typeof value === 'string' && compare(value.toLowerCase(), part);
  }
  const parts = listOf(argument).map(String);
  return (value) => typeof value === 'string' && parts.some((part) => compare(value, part));
}

function matchesWildcard(value: string, wildcard: string): boolean {
  const source = wildcard.replace(/\\([*\\])|[.*+?^${}()|[\]\\]/g, (match, escaped: string | undefined) =>
    escaped !== undefined ? `\\${escaped}` : match === '*' ? '.*' : `\\${match}`,
  );
  return new RegExp(`^${source}$`, 's').test(value);
}

function comparison(operator: unknown, operand: unknown): (value: number) => boolean {
  if (typeof operand !== 'number') {
    throw new EventPatternError(`numeric must compare with a number; received ${JSON.stringify(operand)}`);
  }
  switch (operator) {
    case '=':
      return (value) => value === operand;
    case '<':
      return (value) => value < operand;
    case '<=':
      return (value) => value <= operand;
    case '>':
      return (value) => value > operand;
    case '>=':
      return (value) => value >= operand;
    default:
      throw new EventPatternError(`numeric must compare by =, <, <=, > or >=; received ${JSON.stringify(operator)}`);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
