import { compare, typeOf, type AttributeValue } from '../attribute-value';
import { DynamoDbError } from '../errors';
import { beginsWith } from './condition';
import type { Substitutions } from './substitutions';
import { Tokens } from './tokens';

/** A parsed `KeyConditionExpression`. */
export interface KeyCondition {
  /** The partition that is read. */
  readonly partition: AttributeValue;
  /** Where a sort key lies: below (negative), in (zero) or above (positive) the range that is read. */
  readonly locate: (sortKey: AttributeValue) => number;
}

interface Key {
  readonly partition: string;
  readonly sort: string | undefined;
}

interface Part {
  readonly attribute: string;
  /** The value, where the part asks for equality. */
  readonly equal?: AttributeValue;
  readonly locate: (value: AttributeValue) => number;
}

export function parseKeyCondition(expression: unknown, key: Key, substitutions: Substitutions): KeyCondition {
  if (typeof expression !== 'string') {
    throw DynamoDbError.validation(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const tokens = new Tokens('KeyConditionExpression', expression, substitutions);
  const parts = [part(tokens)];
  while (tokens.take('AND')) parts.push(part(tokens));
  tokens.expectEnd();
  const partition = parts.find(({ attribute }) => attribute === key.partition);
  const sort = parts.find(({ attribute }) => attribute === key.sort);
  if (!partition) throw DynamoDbError.validation(`Query condition missed key schema element: ${key.partition}`);
  if (!partition.equal) throw DynamoDbError.validation('Query key condition not supported');
  if (parts.length !== (sort ? 2 : 1)) throw DynamoDbError.validation('Query key condition not supported');
  return { partition: partition.equal, locate: sort?.locate ?? (() => 0) };
}

function part(tokens: Tokens): Part {
  if (tokens.take('(')) {
    const inner = part(tokens);
    tokens.expect(')');
    return inner;
  }
  if (tokens.peek() === 'begins_with' && tokens.peek(1) === '(') return beginsWithPart(tokens);
  const attribute = attributeName(tokens);
  if (tokens.take('BETWEEN')) {
    const low = tokens.value();
    tokens.expect('AND');
    const high = tokens.value();
    return { attribute, locate: (value) => (order(value, low) < 0 ? -1 : order(value, high) > 0 ? 1 : 0) };
  }
  return comparisonPart(tokens, attribute);
}

function beginsWithPart(tokens: Tokens): Part {
  tokens.next();
  tokens.expect('(');
  const attribute = attributeName(tokens);
  tokens.expect(',');
  const prefix = tokens.value();
  tokens.expect(')');
  if (typeOf(prefix) === 'N')
    throw tokens.error(
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    );
  return { attribute, locate: (value) => (beginsWith(value, prefix) ? 0 : order(value, prefix)) };
}

function comparisonPart(tokens: Tokens, attribute: string): Part {
  const operator = tokens.next();
  const bound = tokens.value();
  switch (operator) {
    case '=':
      return { attribute, equal: bound, locate: (value) => order(value, bound) };
    case '<':
      return { attribute, locate: (value) => (order(value, bound) < 0 ? 0 : 1) };
    case '<=':
      return { attribute, locate: (value) => (order(value, bound) <= 0 ? 0 : 1) };
    case '>':
      return { attribute, locate: (value) => (order(value, bound) > 0 ? 0 : -1) };
    case '>=':
      return { attribute, locate: (value) => (order(value, bound) >= 0 ? 0 : -1) };
    default:
      throw tokens.error('Invalid operator used in KeyConditionExpression: ' + operator);
  }
}

function attributeName(tokens: Tokens): string {
  const [name, ...rest] = tokens.path();
  if (rest.length > 0 || typeof name !== 'string') {
    throw tokens.error('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  return name;
}

function order(value: AttributeValue, bound: AttributeValue): number {
  const result = compare(value, bound);
  if (result === undefined) {
    throw DynamoDbError.invalidParameter('Condition parameter type does not match schema type');
  }
  return result;
}
