import { compare, equals, isSetType, typeOf, valueSize, type AttributeValue, type Item } from '../attribute-value';
import { valueAt } from './path';
import type { Substitutions } from './substitutions';
import { Tokens } from './tokens';

/** A parsed condition or filter; a missing item is an empty one. */
export type Condition = (item: Item) => boolean;
type Operand = (item: Item) => AttributeValue | undefined;

/** Parses a `ConditionExpression` or `FilterExpression`; without one every item meets it. */
export function parseCondition(kind: string, expression: unknown, substitutions: Substitutions): Condition {
  if (expression === undefined || expression === null) return () => true;
  const tokens = new Tokens(kind, expression, substitutions);
  const condition = disjunction(tokens);
  tokens.expectEnd();
  return condition;
}

function disjunction(tokens: Tokens): Condition {
  const parts = [conjunction(tokens)];
  while (tokens.take('OR')) parts.push(conjunction(tokens));
  return (item) => parts.some((part) => part(item));
}

function conjunction(tokens: Tokens): Condition {
  const parts = [negation(tokens)];
  while (tokens.take('AND')) parts.push(negation(tokens));
  return (item) => parts.every((part) => part(item));
}

function negation(tokens: Tokens): Condition {
  if (!tokens.take('NOT')) return primary(tokens);
  const condition = negation(tokens);
  return (item) => !condition(item);
}

function primary(tokens: Tokens): Condition {
  if (tokens.take('(')) {
    const condition = disjunction(tokens);
    tokens.expect(')');
    return condition;
  }
  const isCall = tokens.peek(1) === '(' && tokens.peek() !== 'size';
  return isCall ? functionCall(tokens) : comparison(tokens);
}

const COMPARISONS: Readonly<Record<string, (left: AttributeValue, right: AttributeValue) => boolean>> = {
  '=': equals,
  '<>': (left, right) => !equals(left, right),
  '<': (left, right) => (compare(left, right) ?? 0) < 0,
  '<=': (left, right) => (compare(left, right) ?? 1) <= 0,
  '>': (left, right) => (compare(left, right) ?? 0) > 0,
  '>=': (left, right) => (compare(left, right) ?? -1) >= 0,
};

function comparison(tokens: Tokens): Condition {
  const left = operand(tokens);
  if (tokens.take('BETWEEN')) {
    const low = operand(tokens);
    tokens.expect('AND');
    return between(left, low, operand(tokens));
  }
  if (tokens.take('IN')) {
    tokens.expect('(');
    const choices = tokens.list(() => operand(tokens));
    tokens.expect(')');
    return (item) => choices.some((choice) => holds(left(item), choice(item), equals));
  }
  const operator = tokens.peek();
  const test = COMPARISONS[operator];
  if (!test) throw tokens.syntaxError();
  tokens.next();
  const right = operand(tokens);
  // An attribute that is not there differs from every value.
  return (item) => holds(left(item), right(item), test, operator === '<>');
}

function between(value: Operand, low: Operand, high: Operand): Condition {
  return (item) => {
    const [subject, from, to] = [value(item), low(item), high(item)];
    return (
      subject !== undefined &&
      from !== undefined &&
      to !== undefined &&
      (compare(subject, from) ?? -1) >= 0 &&
      (compare(subject, to) ?? 1) <= 0
    );
  };
}

function holds(
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
  test: (left: AttributeValue, right: AttributeValue) => boolean,
  whenMissing = false,
): boolean {
  return left === undefined || right === undefined ? whenMissing : test(left, right);
}

const FUNCTIONS: Readonly<Record<string, (tokens: Tokens) => Condition>> = {
  attribute_exists: (tokens) => {
    const path = tokens.path();
    return (item) => valueAt(item, path) !== undefined;
  },
  attribute_not_exists: (tokens) => {
    const path = tokens.path();
    return (item) => valueAt(item, path) === undefined;
  },
  attribute_type: (tokens) => {
    const path = tokens.path();
    tokens.expect(',');
    const { S: type } = tokens.value();
    if (type === undefined)
      throw tokens.error('Incorrect operand type for operator or function; operator or function: attribute_type');
    return (item) => holds(valueAt(item, path), {}, (value) => typeOf(value) === type);
  },
  begins_with: (tokens) => {
    const subject = operand(tokens);
    tokens.expect(',');
    const prefix = operand(tokens);
    return (item) => holds(subject(item), prefix(item), beginsWith);
  },
  contains: (tokens) => {
    const container = operand(tokens);
    tokens.expect(',');
    const member = operand(tokens);
    return (item) => holds(container(item), member(item), contains);
  },
};

function functionCall(tokens: Tokens): Condition {
  const name = tokens.next();
  const parse = FUNCTIONS[name];
  if (!parse) throw tokens.error(`Invalid function name; function: ${name}`);
  tokens.expect('(');
  const condition = parse(tokens);
  tokens.expect(')');
  return condition;
}

function operand(tokens: Tokens): Operand {
  if (tokens.isValue()) {
    const value = tokens.value();
    return () => value;
  }
  if (tokens.peek() === 'size' && tokens.peek(1) === '(') {
    tokens.next();
    tokens.expect('(');
    const path = tokens.path();
    tokens.expect(')');
    return (item) => sizeOf(valueAt(item, path));
  }
  const path = tokens.path();
  return (item) => valueAt(item, path);
}

/** `size()`: characters, bytes or members; other types have none. */
function sizeOf(value: AttributeValue | undefined): AttributeValue | undefined {
  if (!value) return undefined;
  if (value.S !== undefined || value.B !== undefined) return { N: String(valueSize(value)) };
  const members = value.SS ?? value.NS ?? value.BS ?? value.L ?? (value.M && Object.keys(value.M));
  return members && { N: String(members.length) };
}

export function beginsWith(subject: AttributeValue, prefix: AttributeValue): boolean {
  if (subject.S !== undefined && prefix.S !== undefined) return subject.S.startsWith(prefix.S);
  if (subject.B === undefined || prefix.B === undefined) return false;
  const bytes = Buffer.from(prefix.B, 'base64');
  return Buffer.from(subject.B, 'base64').subarray(0, bytes.length).equals(bytes);
}

function contains(container: AttributeValue, member: AttributeValue): boolean {
  if (container.S !== undefined && member.S !== undefined) return container.S.includes(member.S);
  if (container.B !== undefined && member.B !== undefined) {
    return Buffer.from(container.B, 'base64').includes(Buffer.from(member.B, 'base64'));
  }
  if (container.L) return container.L.some((element) => equals(element, member));
  const type = typeOf(container);
  if (!isSetType(type)) return false;
  const scalar = { SS: member.S, NS: member.N, BS: member.B }[type];
  return scalar !== undefined && (container[type] ?? []).includes(scalar);
}
