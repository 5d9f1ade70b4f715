import { compareUtf8 } from '../utf8';
import { Decimal } from './decimal';
import { DynamoDbError } from './errors';

/** A value in DynamoDB's JSON: one member, whose name is the type. Binary is base64. */
export interface AttributeValue {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
  readonly BOOL?: boolean;
  readonly NULL?: boolean;
  readonly SS?: readonly string[];
  readonly NS?: readonly string[];
  readonly BS?: readonly string[];
  readonly L?: readonly AttributeValue[];
  readonly M?: Item;
}

export type AttributeType = keyof AttributeValue;

/** An item, or a key of one. Immutable: a write replaces it. */
export type Item = Readonly<Record<string, AttributeValue>>;

const TYPES = new Set<string>(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M']);
const MAX_DEPTH = 32;

export function typeOf(value: AttributeValue): AttributeType {
  return Object.keys(value)[0] as AttributeType;
}

export function isSetType(type: AttributeType): type is 'SS' | 'NS' | 'BS' {
  return type === 'SS' || type === 'NS' || type === 'BS';
}

/** Checks a value that came from a client, and brings numbers into the form in which they are stored. */
export function normalize(value: unknown, depth = 0): AttributeValue {
  const members = Object.entries(isObject(value) ? value : {}).filter(
    ([, member]) => member !== undefined && member !== null,
  );
  const [type, content] = members[0] ?? ['', undefined];
  if (members.length !== 1 || !TYPES.has(type)) {
    throw DynamoDbError.validation('Supplied AttributeValue must contain exactly one of the supported datatypes');
  }
  if (depth > MAX_DEPTH) throw DynamoDbError.validation('Nesting Levels have exceeded supported limits');
  switch (type as AttributeType) {
    case 'N':
      return { N: Decimal.parse(String(content)).toString() };
    case 'NS':
      return { NS: uniqueSet((content as string[]).map((member) => Decimal.parse(member).toString())) };
    case 'SS':
    case 'BS':
      return { [type]: uniqueSet(content as string[]) };
    case 'L':
      return { L: (content as unknown[]).map((member) => normalize(member, depth + 1)) };
    case 'M':
      return { M: normalizeItem(content, depth + 1) };
    default:
      return { [type]: content };
  }
}

export function normalizeItem(item: unknown, depth = 0): Item {
  return Object.fromEntries(
    Object.entries(isObject(item) ? item : {}).map(([name, value]) => [name, normalize(value, depth)]),
  );
}

/** Orders two values of one scalar type that can be ordered (string, number, binary); undefined for others. */
export function compare(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.S !== undefined && right.S !== undefined) return compareUtf8(left.S, right.S);
  if (left.N !== undefined && right.N !== undefined) return compareNumbers(left.N, right.N);
  if (left.B !== undefined && right.B !== undefined) return Buffer.compare(bytes(left.B), bytes(right.B));
  return undefined;
}

export function equals(left: AttributeValue, right: AttributeValue): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  if (isSetType(type)) return sameMembers(left[type] ?? [], right[type] ?? []);
  if (left.L && right.L)
    return left.L.length === right.L.length && left.L.every((value, index) => equals(value, right.L?.[index] ?? {}));
  if (left.M && right.M) return sameItem(left.M, right.M);
  return left[type] === right[type];
}

export function sameItem(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const [leftValue, rightValue] = [left[name], right[name]];
      return leftValue !== undefined && rightValue !== undefined && equals(leftValue, rightValue);
    })
  );
}

/** Size in bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function itemSize(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

export function valueSize(value: AttributeValue): number {
  const sumOf = (sizes: number[]) => sizes.reduce((sum, size) => sum + size, 0);
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return bytes(value.B).length;
  if (value.SS) return sumOf(value.SS.map((member) => Buffer.byteLength(member)));
  if (value.NS) return sumOf(value.NS.map(numberSize));
  if (value.BS) return sumOf(value.BS.map((member) => bytes(member).length));
  if (value.L) return 3 + sumOf(value.L.map((member) => 1 + valueSize(member)));
  if (value.M) return 3 + Object.keys(value.M).length + itemSize(value.M);
  return 1;
}

export function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compareNumbers(left: string, right: string): number {
  // Decimals cost much more, and sort keys are mostly milliseconds.
  const [leftInteger, rightInteger] = [Number(left), Number(right)];
  const isExact = (text: string, integer: number) => Number.isSafeInteger(integer) && !text.includes('.');
  if (isExact(left, leftInteger) && isExact(right, rightInteger)) return leftInteger - rightInteger;
  return Decimal.parse(left).compare(Decimal.parse(right));
}

function numberSize(number: string): number {
  return Math.ceil(number.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length / 2) + 1;
}

function uniqueSet(members: readonly string[]): readonly string[] {
  if (members.length === 0) throw DynamoDbError.invalidParameter('A set may not be empty');
  if (new Set(members).size < members.length) {
    throw DynamoDbError.invalidParameter(`Input collection [${members.join(', ')}] contains duplicates.`);
  }
  return members;
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((member) => right.includes(member));
}
