import { isSetType, typeOf, type AttributeValue, type Item } from '../attribute-value';
import { Decimal } from '../decimal';
import { DynamoDbError } from '../errors';
import { valueAt } from './path';
import { assertNoOverlap } from './projection';
import type { Substitutions } from './substitutions';
import { Tokens, type Path } from './tokens';

/** A parsed `UpdateExpression`. */
export interface Update {
  /** Every path that it writes. */
  readonly paths: readonly Path[];
  /** The item after the update; the given one stays as it is. */
  apply(item: Item): Item;
}

/** One change; all of them see the item as it was before the update. */
interface Action {
  readonly path: Path;
  /** The new value; undefined removes what is there. */
  evaluate(item: Item): AttributeValue | undefined;
}

type Expression = (item: Item) => AttributeValue;

export function parseUpdate(expression: unknown, substitutions: Substitutions): Update {
  if (expression === undefined || expression === null) return { paths: [], apply: (item) => item };
  const tokens = new Tokens('UpdateExpression', expression, substitutions);
  const actions = clauses(tokens);
  const paths = actions.map(({ path }) => path);
  assertNoOverlap(paths, (message) => tokens.error(message));
  return { paths, apply: (item) => applyActions(item, actions) };
}

const CLAUSES: Readonly<Record<string, (tokens: Tokens) => Action>> = {
  SET: setAction,
  REMOVE: (tokens) => ({ path: tokens.path(), evaluate: () => undefined }),
  ADD: addAction,
  DELETE: deleteAction,
};

function clauses(tokens: Tokens): Action[] {
  const seen = new Set<string>();
  const actions: Action[] = [];
  while (!tokens.isAtEnd) {
    const keyword = tokens.peek().toUpperCase();
    const parse = CLAUSES[keyword];
    if (!parse) throw tokens.syntaxError();
    if (seen.has(keyword))
      throw tokens.error(`The "${keyword}" section can only be used once in an update expression;`);
    seen.add(keyword);
    tokens.next();
    actions.push(...tokens.list(() => parse(tokens)));
  }
  return actions;
}

function setAction(tokens: Tokens): Action {
  const path = tokens.path();
  tokens.expect('=');
  const left = setOperand(tokens);
  const sign = tokens.take('+') ? '+' : tokens.take('-') ? '-' : undefined;
  if (!sign) return { path, evaluate: left };
  const right = setOperand(tokens);
  const evaluate = (item: Item) => {
    const [augend, addend] = [number(left(item)), number(right(item))];
    return { N: (sign === '+' ? augend.plus(addend) : augend.minus(addend)).toString() };
  };
  return { path, evaluate };
}

function setOperand(tokens: Tokens): Expression {
  if (tokens.take('(')) {
    const inner = setOperand(tokens);
    tokens.expect(')');
    return inner;
  }
  if (tokens.isValue()) {
    const value = tokens.value();
    return () => value;
  }
  if (tokens.peek(1) === '(') return setFunction(tokens);
  const path = tokens.path();
  return (item) => {
    const value = valueAt(item, path);
    if (!value)
      throw DynamoDbError.validation('The provided expression refers to an attribute that does not exist in the item');
    return value;
  };
}

function setFunction(tokens: Tokens): Expression {
  const name = tokens.next();
  tokens.expect('(');
  if (name === 'if_not_exists') {
    const path = tokens.path();
    tokens.expect(',');
    const otherwise = setOperand(tokens);
    tokens.expect(')');
    return (item) => valueAt(item, path) ?? otherwise(item);
  }
  if (name !== 'list_append') throw tokens.error(`Invalid function name; function: ${name}`);
  const first = setOperand(tokens);
  tokens.expect(',');
  const second = setOperand(tokens);
  tokens.expect(')');
  return (item) => ({ L: [...list(first(item)), ...list(second(item))] });
}

function addAction(tokens: Tokens): Action {
  const path = tokens.path();
  const value = tokens.value();
  const type = typeOf(value);
  if (type !== 'N' && !isSetType(type)) throw wrongOperand(tokens, 'ADD', type);
  return {
    path,
    evaluate: (item) => {
      const existing = valueAt(item, path);
      if (!existing) return value;
      if (typeOf(existing) !== type)
        throw DynamoDbError.validation('An operand in the update expression has an incorrect data type');
      if (type === 'N') return { N: number(existing).plus(number(value)).toString() };
      return { [type]: [...new Set([...(existing[type] ?? []), ...(value[type] ?? [])])] };
    },
  };
}

function deleteAction(tokens: Tokens): Action {
  const path = tokens.path();
  const value = tokens.value();
  const type = typeOf(value);
  if (!isSetType(type)) throw wrongOperand(tokens, 'DELETE', type);
  return {
    path,
    evaluate: (item) => {
      const existing = valueAt(item, path);
      if (!existing) return undefined;
      if (typeOf(existing) !== type)
        throw DynamoDbError.validation('An operand in the update expression has an incorrect data type');
      const members = (existing[type] ?? []).filter((member) => !value[type]?.includes(member));
      return members.length === 0 ? undefined : { [type]: members };
    },
  };
}

function wrongOperand(tokens: Tokens, operator: string, type: string): DynamoDbError {
  return tokens.error(`Incorrect operand type for operator or function; operator: ${operator}, operand type: ${type}`);
}

function number(value: AttributeValue): Decimal {
  if (value.N === undefined)
    throw DynamoDbError.validation('An operand in the update expression has an incorrect data type');
  return Decimal.parse(value.N);
}

function list(value: AttributeValue): readonly AttributeValue[] {
  if (!value.L) throw DynamoDbError.validation('An operand in the update expression has an incorrect data type');
  return value.L;
}

function applyActions(item: Item, actions: readonly Action[]): Item {
  const results = actions.map((action) => ({ path: action.path, value: action.evaluate(item) }));
  // Removals last, and in lists from the end: positions in the expression are those before the update.
  const removals = results
    .filter(({ value }) => value === undefined)
    .sort((left, right) => lastIndex(right.path) - lastIndex(left.path));
  const writes = results
    .filter(({ value }) => value !== undefined)
    .sort((left, right) => lastIndex(left.path) - lastIndex(right.path));
  return (
    [...writes, ...removals].reduce<AttributeValue>((root, { path, value }) => write(root, path, value), { M: item })
      .M ?? {}
  );
}

function lastIndex(path: Path): number {
  const last = path.at(-1);
  return typeof last === 'number' ? last : -1;
}

function write(container: AttributeValue, [step, ...rest]: Path, value: AttributeValue | undefined): AttributeValue {
  const isMap = typeof step === 'string' && container.M !== undefined;
  const isList = typeof step === 'number' && container.L !== undefined;
  if (!isMap && !isList) throw invalidPath();
  const child = rest.length === 0 ? value : write(existingChild(container, step), rest, value);
  if (isMap) return { M: child ? { ...container.M, [step]: child } : without(container.M ?? {}, step) };
  const elements = [...(container.L ?? [])];
  // A position behind the end appends.
  elements.splice(Number(step), 1, ...(child ? [child] : []));
  return { L: elements };
}

function existingChild(container: AttributeValue, step: string | number | undefined): AttributeValue {
  const child = typeof step === 'number' ? container.L?.[step] : container.M?.[step ?? ''];
  if (!child) throw invalidPath();
  return child;
}

function without(item: Item, name: string): Item {
  return Object.fromEntries(Object.entries(item).filter(([member]) => member !== name));
}

function invalidPath(): DynamoDbError {
  return DynamoDbError.validation('The document path provided in the update expression is invalid for update');
}
