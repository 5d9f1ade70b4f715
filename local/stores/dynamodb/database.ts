import { DynamoDbError } from './errors';
import { PartitionThrottle } from './partition-throttle';
import { type ItemChange, Table } from './table';
import type { TableDefinition } from './table-definition';
import type { TableJournals } from './table-journal';
import { TableStream } from './table-stream';

export interface DatabaseOptions {
  readonly region: string;
  readonly account: string;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
  /** Where tables outlive the process. */
  readonly journals?: TableJournals;
  /** Write units a second that one partition key takes. @default - any number */
  readonly partitionWriteUnits?: number;
}

/** The tables of an account and region, with their streams. */
export class Database {
  private readonly tables = new Map<string, Table>();
  private readonly streams = new Map<string, TableStream>();

  private readonly throttle?: PartitionThrottle;

  constructor(readonly options: DatabaseOptions) {
    const { partitionWriteUnits, now } = options;
    if (partitionWriteUnits !== undefined) this.throttle = new PartitionThrottle(partitionWriteUnits, now);
  }

  create(definition: TableDefinition): Table {
    const { TableName: name } = definition;
    if (this.tables.has(name)) throw new DynamoDbError('ResourceInUseException', `Table already exists: ${name}`);
    const stream = this.makeStream(definition);
    const onChange = (change: ItemChange) => {
      this.options.journals?.append(name, change);
      stream?.publish(change);
    };
    const table = new Table(definition, onChange, this.throttle);
    this.options.journals?.restore(table);
    this.tables.set(name, table);
    if (stream) this.streams.set(name, stream);
    return table;
  }

  delete(name: string): Table {
    const table = this.table(name);
    this.tables.delete(name);
    this.streams.delete(name);
    this.options.journals?.remove(name);
    return table;
  }

  table(name: unknown): Table {
    const table = this.tryFind(name);
    if (!table) throw DynamoDbError.tableNotFound(String(name));
    return table;
  }

  /** By name or ARN. */
  tryFind(name: unknown): Table | undefined {
    return typeof name === 'string' ? this.tables.get(name.replace(/^arn:.*:table\//, '')) : undefined;
  }

  tryFindStream(table: string): TableStream | undefined {
    return this.streams.get(table);
  }

  names(): string[] {
    return [...this.tables.keys()].sort();
  }

  arn(table: string): string {
    return `arn:aws:dynamodb:${this.options.region}:${this.options.account}:table/${table}`;
  }

  private makeStream({
    TableName: name,
    StreamSpecification: specification,
  }: TableDefinition): TableStream | undefined {
    const viewType = specification?.StreamViewType;
    if (!viewType) return undefined;
    const { region, now } = this.options;
    return new TableStream({ arn: `${this.arn(name)}/stream/2026-01-01T00:00:00.000`, region, viewType, now });
  }
}
