import type { Calls } from './stores';

/**
 * Dollars for a call in us-east-1, on demand. A read of DynamoDB is one item of up to 4 KB, strongly consistent where the contender asks so;
 * a write one item of up to 1 KB, and once more for each index that it stands in.
 * https://aws.amazon.com/s3/pricing/ and https://aws.amazon.com/dynamodb/pricing/on-demand/
 */
const MILLION = 1_000_000;
const S3 = { get: 0.4 / MILLION, put: 5 / MILLION };
const READ = 0.125 / MILLION;
const WRITE = 0.625 / MILLION;

/** How many items a call touches, where that is more than one. */
const BATCH_OF_TAGS = 5;
const BATCH_OF_WRITES = 25;

/** What a call of each operation costs; what is not in it is free. */
const PRICES: Readonly<Record<string, number>> = {
  's3 GetObject': S3.get,
  's3 HeadObject': S3.get,
  's3 PutObject': S3.put,
  's3 DeleteObject': 0,
  'dynamodb Query': READ,
  'dynamodb GetItem': READ,
  'dynamodb BatchGetItem': BATCH_OF_TAGS * READ,
  'dynamodb PutItem': WRITE,
  'dynamodb UpdateItem': WRITE,
  'dynamodb DeleteItem': WRITE,
  'dynamodb BatchWriteItem': BATCH_OF_WRITES * WRITE,
};

/** What happens in a month, each with the calls that it causes once. */
export interface Share {
  readonly name: string;
  readonly times: number;
  readonly calls: Calls;
}

export interface Item {
  readonly name: string;
  readonly dollars: number;
  readonly calls: number;
}

/** A month's calls, itemised. */
export function itemize(shares: readonly Share[]): readonly Item[] {
  return shares.map(({ name, times, calls }) => ({
    name,
    dollars: times * dollarsOf(calls),
    calls: times * Object.values(calls).reduce((sum, count) => sum + count, 0),
  }));
}

export function sumOf(items: readonly Item[]): number {
  return items.reduce((sum, { dollars }) => sum + dollars, 0);
}

function dollarsOf(calls: Calls): number {
  return Object.entries(calls).reduce((sum, [call, count]) => sum + count * priceOf(call), 0);
}

function priceOf(call: string): number {
  const price = PRICES[call];
  if (price === undefined) throw new Error(`bench prices: no price for a call of ${call}`);
  return price;
}

/** Calls of one occurrence, from those of several. */
export function each(calls: Calls, times: number): Calls {
  return Object.fromEntries(Object.entries(calls).map(([call, count]) => [call, count / times]));
}
