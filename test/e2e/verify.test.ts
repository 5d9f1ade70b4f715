import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Report } from '../../scripts/verify/report';
import { prepareAssets } from '../fixtures/prepare';
import { CHECKS } from './checks';
import { RunningStack } from './local-stack';
import { storefront } from './sites';
import { VerifyProgram } from './verify-program';

const NO_NETWORK = pathToFileURL(path.join(import.meta.dirname, 'no-network.mjs')).href;
const TIMEOUT = 300_000;
const ROWS = [...CHECKS.map(({ name }) => name), 'deployment', 'skew'];

let scratch: string;

beforeAll(async () => {
  await prepareAssets();
  scratch = await mkdtemp(path.join(tmpdir(), 'verify-test-'));
  return () => rm(scratch, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function verify(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const program = new VerifyProgram(args, scratch, environment);
  const code = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

async function serve(listener: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('verify-on-aws', () => {
  it('prints what it would make and what that costs, without an account and without the network', async () => {
    const { code, stdout, stderr } = await verify(['--json', 'plan.json'], { NODE_OPTIONS: `--import ${NO_NETWORK}` });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Stack NextjsEcsVerification in the region of your AWS configuration: \d+ resources$/m);
    expect(stdout).toMatch(/^ +1 +AWS::CloudFront::Distribution$/m);
    expect(stdout).toMatch(/^ +2 tasks of 1 vCPU, 2 GB \(\w+\) +\$0\.\d\d +\$[678]\d\.\d\d$/m);
    expect(stdout).toContain('Nothing was deployed. Give --yes to do it.');
    const { cost } = JSON.parse(await readFile(path.join(scratch, 'plan.json'), 'utf8')) as { cost: Cost };
    expect(cost.items.reduce((sum, { month }) => sum + month, 0)).toBeCloseTo(cost.month);
    expect(cost.unknown).toEqual([]);
    expect(stdout).toContain(`$${cost.month.toFixed(2)}`);
  });

  it.each<Refusal>([
    { args: ['--yes', '--dry-run'], said: /--yes and --dry-run exclude each other/ },
    { args: ['--url', 'https://shop.example.com', '--yes'], said: /deploy nothing to AWS/ },
    { args: ['--url', 'shop'], said: /begins with http/ },
    { args: ['--only', 'everything'], said: /Must be one of html, rsc/ },
    { args: ['--local', 'http://127.0.0.1:1'], said: /no local stack answers/ },
    { args: ['--yes'], said: /no-such-docker is not installed/, docker: 'no-such-docker' },
    { args: ['--yes'], said: /does not reach its daemon/, docker: 'false' },
    { args: ['--yes'], said: /names no region/, docker: 'true' },
    { args: ['--yes', '--region', 'eu-west-1'], said: /there are no AWS credentials here/, docker: 'true' },
  ])('refuses $args in one line that says what to do: $said', async ({ args, said, docker }) => {
    const { code, stderr } = await verify(args, { CDK_DOCKER: docker });
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(said);
    expect(code).toBe(2);
  });

  it.each([
    {
      does: 'says how to bootstrap an account that is not',
      listener: noStack,
      said: /region=eu-west-1 .*cdk bootstrap/i,
    },
    {
      does: 'touches no stack that it has not made',
      listener: anyStack,
      said: /a stack NextjsEcsVerification .*already/,
    },
  ])('$does', async ({ listener, said }) => {
    const { url, server } = await serve(listener);
    onTestFinished(() => void server.close());
    const { code, stderr } = await verify(['--yes', '--region', 'eu-west-1'], {
      CDK_DOCKER: 'true',
      AWS_ENDPOINT_URL_CLOUDFORMATION: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
  });
});

interface Refusal {
  readonly args: readonly string[];
  readonly said: RegExp;
  readonly docker?: string;
}

interface Cost {
  readonly items: readonly { readonly month: number }[];
  readonly month: number;
  readonly unknown: readonly string[];
}

/** CloudFormation, as an account answers that has no stack: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html */
const noStack: RequestListener = (_, response) => {
  const error = '<Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id X does not exist</Message>';
  response.writeHead(400).end(`<ErrorResponse><Error>${error}</Error></ErrorResponse>`);
};

const anyStack: RequestListener = (_, response) => {
  const stack = '<StackName>X</StackName><StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/X/1</StackId>';
  const members = `<Stacks><member>${stack}<StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks>`;
  const result = `<DescribeStacksResult>${members}</DescribeStacksResult>`;
  response.end(`<DescribeStacksResponse>${result}</DescribeStacksResponse>`);
};

describe('verify-on-aws of the local stack', { timeout: TIMEOUT }, () => {
  let stack: RunningStack;

  beforeAll(async () => {
    await storefront.prepare();
    stack = await RunningStack.start({ replicas: 2, env: storefront.env });
  });

  afterAll(() => stack.stop());

  it('is content: HTML, payloads, tags, streaming, a deployment under load, skew', async () => {
    const file = path.join(scratch, 'report.json');
    const { code, stdout } = await verify(['--local', stack.announcement.control, '--json', file]);
    const { rows, ok, site } = JSON.parse(await readFile(file, 'utf8')) as Report;
    expect(rows.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`))).toEqual([]);
    expect([code, ok, site]).toEqual([0, true, stack.url]);
    expect(rows.map(({ name, result }) => [name, result])).toEqual(ROWS.map((name) => [name, 'ok']));
    for (const name of ROWS) expect(stdout).toMatch(new RegExp(`^ +ok +${name} .+\\(.+s\\)$`, 'm'));
    expect(stdout).toContain('All is well.');

    const figures = Object.assign({}, ...rows.map((row) => row.figures)) as Record<string, number>;
    expect(figures.purgeLagMs).toBeGreaterThan(0);
    expect(figures.lastPartMs).toBeGreaterThan(figures.firstByteMs ?? Infinity);
    expect(figures.visits).toBeGreaterThan(40);
    expect(figures.oldFiles).toBeGreaterThan(0);
  });

  it('is not content with a site whose files are kept for a minute only, and ends with 1', async () => {
    const { url, server } = await serve(breaking(stack.url));
    onTestFinished(() => void server.close());
    const { code, stdout } = await verify(['--url', url, '--only', 'html', '--only', 'files', '--only', 'skew']);
    expect(stdout).toMatch(/^ +ok +html /m);
    expect(stdout).toMatch(/^ +FAILED +files /m);
    expect(stdout).toMatch(
      / - Cache-Control of \S+\.js should be public, max-age=31536000, immutable, and is max-age=60/,
    );
    expect(stdout).toMatch(/^ +skipped +skew /m);
    expect(stdout).toContain('1 of 3 failed.');
    expect(code).toBe(1);
  });
});

/** The site, with one header broken. */
function breaking(site: string): RequestListener {
  return (asked, response) => {
    const headers = { ...asked.headers, host: new URL(site).host };
    const sent = request(new URL(asked.url ?? '/', site), { method: asked.method, headers }, (answer) => {
      const broken = asked.url?.startsWith('/_next/static/') === true ? { 'cache-control': 'max-age=60' } : {};
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...broken });
      answer.pipe(response);
    });
    asked.pipe(sent);
  };
}
