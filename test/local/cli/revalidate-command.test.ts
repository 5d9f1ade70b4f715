import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { run } from '../../../local/cli';
import { ControlServer } from '../../../local/control';
import { DynamoDbServer, type StreamRecord } from '../../../local/stores';

const TABLE = {
  TableName: 'rows',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    { AttributeName: 'sk', AttributeType: 'S' as const },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: 'sk', KeyType: 'RANGE' as const },
  ],
  StreamSpecification: { StreamViewType: 'NEW_IMAGE' as const },
};

const SHOP = JSON.stringify({ table: 'rows', site: 'shop', tagShards: 1 });
const BLOG = JSON.stringify({ table: 'rows', site: 'blog', tagShards: 2 });

let dynamoDb: DynamoDbServer;
let records: StreamRecord[];
const printed = { stdout: '', stderr: '' };

beforeEach(async () => {
  dynamoDb = await DynamoDbServer.start();
  dynamoDb.createTable(TABLE);
  records = [];
  dynamoDb.tryFindStream('rows')?.subscribe((record) => records.push(record));
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  for (const stream of ['stdout', 'stderr'] as const) {
    printed[stream] = '';
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    });
  }
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await dynamoDb.close();
});

describe('revalidate --stack', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamoDb.endpoint);
  });

  it('finds table and site in the outputs of the stack, and writes the rows', async () => {
    await cloudFormation({ Url: 'https://example.com', Revalidation: SHOP });
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a', '--tag', 'b', '--path', '/'])).toBe(0);
    expect(rows().sort()).toEqual(['shop#tag _N_T_/', 'shop#tag _N_T_/index', 'shop#tag a', 'shop#tag b']);
    expect(records[0]?.dynamodb.NewImage).toMatchObject({ version: { N: '1' }, expiredVersion: { N: '1' } });
    expect(printed.stderr).toContain('Revalidating 4 tags');
    expect(printed.stdout).toBe('');
  });

  it('--stale keeps the old content in use, --expire for a time', async () => {
    await cloudFormation({ Revalidation: SHOP });
    await run(['revalidate', '--stack', 'Web', '--tag', 'a', '--stale']);
    await run(['revalidate', '--stack', 'Web', '--path', '/b/[id]', '--type', 'page', '--expire', '60']);
    const [first, second] = records.map(({ dynamodb }) => dynamodb.NewImage ?? {});
    expect(first).toMatchObject({ sk: { S: 'a' }, staleVersion: { N: '1' } });
    expect(first).not.toHaveProperty('deadline');
    expect(second).toMatchObject({ sk: { S: '_N_T_/b/[id]/page' }, deadlineVersion: { N: '1' } });
  });

  it('--dry-run prints the tags and writes nothing', async () => {
    await cloudFormation({ Revalidation: SHOP });
    expect(await run(['revalidate', '--stack', 'Web', '--path', '/', '--dry-run'])).toBe(0);
    expect(printed.stdout).toBe('_N_T_/\n_N_T_/index\n');
    expect(printed.stderr).toContain('table rows');
    expect(records).toEqual([]);
  });

  it('asks which of several sites is meant', async () => {
    await cloudFormation({ A: SHOP, B: BLOG });
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a'])).toBe(2);
    expect(printed.stderr).toContain('several sites (shop, blog). Say which one with --site.');
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a', '--site', 'blog'])).toBe(0);
    expect(rows()).toEqual([expect.stringMatching(/^blog#tag#[01] a$/)]);
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a', '--site', 'news'])).toBe(2);
    expect(printed.stderr).toContain('no site "news"; it has shop, blog.');
  });

  it('ends with 1 when a row cannot be written, and says how many were', async () => {
    await cloudFormation({ Revalidation: SHOP });
    dynamoDb.calls.interceptor = () => ({
      kind: 'error',
      statusCode: 400,
      code: 'AccessDeniedException',
      message: 'not authorized to perform: dynamodb:UpdateItem',
    });
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a'])).toBe(1);
    expect(printed.stderr).toContain('0 of 1 tags were revalidated.');
    expect(printed.stderr).toContain('not authorized to perform: dynamodb:UpdateItem');
    expect(printed.stderr).not.toContain('    at ');
  });

  it.each([
    [
      'there is no such stack',
      'Stack with id Web does not exist',
      2,
      /there is no stack Web .* Check --stack and --region/,
    ],
    ['it may not be asked', 'User is not authorized', 1, /could not be asked for stack Web: .*not authorized/],
  ])('says that %s', async (_, message, exitCode, text) => {
    await cloudFormation(undefined, message);
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a'])).toBe(exitCode);
    expect(printed.stderr).toMatch(text);
    expect(printed.stderr).not.toContain('    at ');
  });

  it('says that a stack has no site', async () => {
    await cloudFormation({ Url: 'https://example.com' });
    expect(await run(['revalidate', '--stack', 'Web', '--tag', 'a'])).toBe(2);
    expect(printed.stderr).toContain('stack Web has no site');
  });
});

describe('revalidate --local', () => {
  it('finds everything at the control interface, without AWS credentials', async () => {
    for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    const control = await controlServer({
      outputs: { Revalidation: SHOP },
      stores: { dynamodb: { endpoint: dynamoDb.endpoint } },
    });
    expect(await run(['revalidate', '--local', control, '--tag', 'a'])).toBe(0);
    expect(rows()).toEqual(['shop#tag a']);
  });

  it('says that nobody answers', async () => {
    const control = await controlServer({});
    expect(await run(['revalidate', '--local', control, '--tag', 'a'])).toBe(2);
    expect(printed.stderr).toContain('is not the control interface of a local stack');
    expect(await run(['revalidate', '--local', 'http://127.0.0.1:1', '--tag', 'a'])).toBe(2);
    expect(printed.stderr).toMatch(/no local stack answers at http:\/\/127\.0\.0\.1:1/);
  });
});

describe('what revalidate refuses, with 2', () => {
  it.each([
    ['nothing to revalidate', ['--stack', 'Web'], /nothing to revalidate. Give --tag or --path/],
    ['no place', ['--tag', 'a'], /either --stack.* or --local/],
    ['two places', ['--tag', 'a', '--stack', 'Web', '--local', 'http://127.0.0.1:1'], /either --stack.* or --local/],
    ['a path without a slash', ['--stack', 'Web', '--path', 'blog'], /a path begins with '\/'/],
    ['a route without its type', ['--stack', 'Web', '--path', '/[slug]'], /needs its type/],
    ['another type', ['--stack', 'Web', '--path', '/', '--type', 'route'], /Must be page or layout/],
    ['an end and no end', ['--stack', 'Web', '--tag', 'a', '--stale', '--expire', '60'], /exclude each other/],
    ['a time that is none', ['--stack', 'Web', '--tag', 'a', '--expire', 'soon'], /Must be a number of seconds/],
  ])('%s', async (_, args, message) => {
    expect(await run(['revalidate', ...args])).toBe(2);
    expect(printed.stderr).toMatch(message);
  });
});

function rows(): string[] {
  return records.map(({ dynamodb }) => `${dynamodb.Keys.pk?.S ?? ''} ${dynamodb.Keys.sk?.S ?? ''}`);
}

async function controlServer(state: unknown): Promise<string> {
  const control = new ControlServer();
  await control.listen({ state } as Parameters<ControlServer['listen']>[0], 0);
  onTestFinished(() => control.close());
  return control.url;
}

/** DescribeStacks of one stack with these outputs, or an error. */
async function cloudFormation(outputs: Readonly<Record<string, string>> | undefined, error?: string): Promise<void> {
  const escape = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  const members = Object.entries(outputs ?? {})
    .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${escape(value)}</OutputValue></member>`)
    .join('');
  const stack = `<member><StackName>Web</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members}</Outputs></member>`;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(error === undefined ? 200 : 400, { 'content-type': 'text/xml' });
    response.end(
      error === undefined
        ? `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`
        : `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${error}</Message></Error></ErrorResponse>`,
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
