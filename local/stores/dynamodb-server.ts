import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Item } from './dynamodb/attribute-value';
import { Database } from './dynamodb/database';
import { DynamoDbError } from './dynamodb/errors';
import { OPERATIONS } from './dynamodb/operations';
import { parseDefinition } from './dynamodb/operations/tables';
import type { TableDefinition } from './dynamodb/table-definition';
import { TableJournals } from './dynamodb/table-journal';
import type { TableStream } from './dynamodb/table-stream';
import { LoopbackServer } from './loopback-server';
import { ServiceEndpoint, signerOf, type ServiceAnswer, type ServiceOptions } from './service-endpoint';

export interface DynamoDbServerOptions extends ServiceOptions {
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default '000000000000' */
  readonly account?: string;
  /** Folder in which items outlive the server; a table's come back when it is made again. @default - none: they are in memory only */
  readonly dataDirectory?: string;
  /**
   * Write units a second that one partition key takes; a partition of DynamoDB takes 1,000.
   * @default - any number
   */
  readonly partitionWriteUnits?: number;
  /** The clock of the stream's records, in milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/**
 * DynamoDB on loopback, in memory.
 *
 * Every operation is one synchronous step, so reads of the table and of local indexes are strongly consistent, and conditions atomic;
 * reads of global indexes are, too, which AWS does not promise. Expressions, key conditions, projections, transactions, batches, page
 * limits and streams are DynamoDB's. Items past their time to live stay, as they may in AWS for days. Signatures are not verified.
 * Not implemented: PartiQL, the parameters from before there were expressions, changes of a table, backups, throttling of reads.
 */
export class DynamoDbServer {
  static async start(options: DynamoDbServerOptions = {}): Promise<DynamoDbServer> {
    const {
      region = 'us-east-1',
      account = '000000000000',
      now = Date.now,
      dataDirectory,
      partitionWriteUnits,
    } = options;
    const journals = dataDirectory === undefined ? undefined : new TableJournals(dataDirectory);
    const database = new Database({
      region,
      account,
      now,
      ...(journals && { journals }),
      ...(partitionWriteUnits !== undefined && { partitionWriteUnits }),
    });
    const calls = new ServiceEndpoint(options, formatError);
    const server = await LoopbackServer.start((request, response) => handle(request, response, database, calls));
    return new DynamoDbServer(server, database, calls);
  }

  private constructor(
    private readonly server: LoopbackServer,
    private readonly database: Database,
    /** Where every call passes; its interceptor can be replaced at any time. */
    readonly calls: ServiceEndpoint,
  ) {}

  /** For `AWS_ENDPOINT_URL_DYNAMODB`, for example `http://127.0.0.1:40123`. */
  get endpoint(): string {
    return this.server.endpoint;
  }

  /** Makes a table, unless there is one of that name. */
  createTable(definition: TableDefinition): void {
    if (!this.database.tryFind(definition.TableName)) this.database.create(parseDefinition(definition));
  }

  tableNames(): string[] {
    return this.database.names();
  }

  /** What a table holds, in no order; unlike a call, nobody counts it. */
  items(table: string): Iterable<Item> {
    return this.database.tryFind(table)?.all() ?? [];
  }

  /** The change feed of a table that was made with a `StreamSpecification`. */
  tryFindStream(table: string): TableStream | undefined {
    return this.database.tryFindStream(table);
  }

  async close(): Promise<void> {
    await this.server.close();
    this.database.options.journals?.close();
  }
}

const TARGET = /^DynamoDB_20120810\.(\w+)$/;

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  database: Database,
  calls: ServiceEndpoint,
): Promise<void> {
  const body = await readText(request);
  const input = tryParse(body);
  const operation = TARGET.exec(String(request.headers['x-amz-target']))?.[1] ?? 'Unknown';
  const accessKeyId = signerOf(request);
  const resource = input?.TableName;
  const call = {
    service: 'dynamodb',
    operation,
    ...(typeof resource === 'string' && { resource }),
    ...(accessKeyId !== undefined && { accessKeyId }),
  } as const;
  await calls.answer(call, request, response, () => Promise.resolve(perform(database, operation, input, accessKeyId)));
}

function perform(
  database: Database,
  operation: string,
  input: Record<string, unknown> | undefined,
  accessKeyId: string | undefined,
): ServiceAnswer {
  try {
    if (accessKeyId === undefined)
      throw new DynamoDbError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    if (!input) throw new DynamoDbError('SerializationException', 'The request is not JSON');
    const implementation = OPERATIONS[operation];
    if (!implementation)
      throw new DynamoDbError(
        'UnknownOperationException',
        `The local stack's DynamoDB does not implement ${operation}`,
      );
    return json(200, implementation(database, input));
  } catch (error) {
    if (error instanceof DynamoDbError) return formatError(error.statusCode, error.code, error.message, error.details);
    throw error;
  }
}

function formatError(
  statusCode: number,
  code: string,
  message: string,
  details: Record<string, unknown> = {},
): ServiceAnswer {
  return json(statusCode, { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message, ...details });
}

function json(statusCode: number, content: object): ServiceAnswer {
  return { statusCode, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(content) };
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function tryParse(body: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(body);
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
