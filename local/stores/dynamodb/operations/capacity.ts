import { itemSize, type Item } from '../attribute-value';
import type { Input } from './write';

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

/** Read units of items that were read together; half of them when the read is eventually consistent. */
export function readUnits(items: readonly (Item | undefined)[], isConsistent: boolean): number {
  const size = items.reduce((sum, item) => sum + (item ? itemSize(item) : 0), 0);
  return Math.max(1, Math.ceil(size / READ_UNIT_BYTES)) * (isConsistent ? 1 : 0.5);
}

/** Write units of the larger of the images; indexes are not counted. */
export function writeUnits(images: readonly (Item | undefined)[]): number {
  const size = Math.max(0, ...images.map((item) => (item ? itemSize(item) : 0)));
  return Math.max(1, Math.ceil(size / WRITE_UNIT_BYTES));
}

/** `ConsumedCapacity`, where the request asks for it. */
export function consumedCapacity(input: Input, table: string, units: number): { ConsumedCapacity?: object } {
  const asked = input.ReturnConsumedCapacity;
  if (asked !== 'TOTAL' && asked !== 'INDEXES') return {};
  const Table = asked === 'INDEXES' ? { Table: { CapacityUnits: units } } : {};
  return { ConsumedCapacity: { TableName: table, CapacityUnits: units, ...Table } };
}
