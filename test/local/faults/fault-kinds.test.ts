import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { CloudFrontServer } from '../../../local/edge-api';
import { type FaultKind, Faults, FaultyOrigins, type FaultTarget } from '../../../local/faults';
import { DynamoDbServer, S3Server } from '../../../local/stores';
import { until } from '../fleet/support';
import { TAGS } from '../stores/dynamodb-client';

/** What a caller gets. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Order {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Asked {
  readonly faults: Faults;
  /** Always the same question, which has always the same answer while nothing is wrong. */
  readonly ask: () => Promise<Answer>;
}

const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=replica-1/20260101/us-east-1/s/aws4_request, SignedHeaders=host, Signature=0',
};

async function send(url: string, init: Order = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, headers: { ...SIGNED, ...init.headers } });
  return { status: response.status, body: await response.text() };
}

const TARGETS: Readonly<Record<FaultTarget, () => Promise<Asked>>> = {
  s3: async () => {
    const faults = new Faults();
    const server = await S3Server.start({ interceptor: faults.intercept });
    server.createBucket('cache');
    server.putObject('cache', 'key', { body: Buffer.from('content') });
    onTestFinished(() => server.close());
    return { faults, ask: () => send(`${server.endpoint}/cache/key`) };
  },
  dynamodb: async () => {
    const faults = new Faults();
    const server = await DynamoDbServer.start({ interceptor: faults.intercept });
    server.createTable(TAGS);
    onTestFinished(() => server.close());
    const headers = { 'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0' };
    return { faults, ask: () => send(server.endpoint, { method: 'POST', body: '{}', headers }) };
  },
  cloudfront: async () => {
    const faults = new Faults();
    const distributions = (): string[] => ['E1SHOP'];
    const server = await CloudFrontServer.start({ distributions, invalidate: () => 0, interceptor: faults.intercept });
    onTestFinished(() => server.close());
    return { faults, ask: () => send(`${server.endpoint}/2020-05-31/distribution/E1SHOP/invalidation`) };
  },
  origin: async () => {
    const faults = new Faults();
    const server = createServer((_, response) => response.end('the page'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const origins = await FaultyOrigins.start([address], faults);
    onTestFinished(async () => {
      await origins.close();
      server.closeAllConnections();
      server.close();
    });
    return {
      faults,
      ask: () => {
        const { host, port } = origins.detour(address);
        return send(`http://${host}:${port}/`);
      },
    };
  },
};

/** What each kind does to a call; the answer of a well call is given. */
const KINDS: Readonly<Record<FaultKind, (asked: Asked, target: FaultTarget, well: Answer) => Promise<void>>> = {
  refuse: async ({ faults, ask }, target) => {
    faults.add({ target, kind: 'refuse' });
    await expect(ask()).rejects.toThrow();
  },
  hang: async ({ faults, ask }, target, well) => {
    faults.add({ target, kind: 'hang' });
    const seen: Answer[] = [];
    const asked = ask().then((answer) => seen.push(answer));
    await until(() => faults.state[0]?.met === 1);
    expect(seen).toEqual([]);
    faults.remove();
    await asked;
    expect(seen).toEqual([well]);
  },
  slow: async ({ faults, ask }, target, well) => {
    faults.add({ target, kind: 'slow', milliseconds: 60 });
    const since = performance.now();
    expect(await ask()).toEqual(well);
    expect(performance.now() - since).toBeGreaterThan(55);
  },
  throttle: async ({ faults, ask }, target) => {
    faults.add({ target, kind: 'throttle' });
    const { status, body } = await ask();
    const wanted = {
      s3: [503, 'SlowDown'],
      dynamodb: [400, 'ThrottlingException'],
      cloudfront: [400, 'ThrottlingException'],
      origin: [503, 'Too many requests'],
    };
    const [code, text] = wanted[target];
    expect(status).toBe(code);
    expect(body).toContain(text);
  },
  corrupt: async ({ faults, ask }, target, well) => {
    faults.add({ target, kind: 'corrupt' });
    const { status, body } = await ask();
    expect([status, Buffer.byteLength(body)]).toEqual([well.status, Buffer.byteLength(well.body)]);
    expect(body).not.toBe(well.body);
    faults.remove();
    expect(await ask()).toEqual(well);
  },
};

const targets = Object.keys(TARGETS) as FaultTarget[];
const rows = targets.flatMap((target) =>
  (Object.keys(KINDS) as FaultKind[]).map((kind): [FaultTarget, FaultKind] => [target, kind]),
);

describe('a fault', () => {
  it.each(rows)('of %s can be to %s', async (target, kind) => {
    const asked = await TARGETS[target]();
    onTestFinished(() => {
      asked.faults.close();
    });
    const well = await asked.ask();
    expect(well.status).toBe(200);
    await KINDS[kind](asked, target, well);
  });

  it.each(targets)('of %s meets the share of calls that its rate says', async (target) => {
    const { faults, ask } = await TARGETS[target]();
    faults.add({ target, kind: 'throttle', rate: 0.25 });
    const random = vi.spyOn(Math, 'random').mockReturnValueOnce(0.24).mockReturnValueOnce(0.26);
    onTestFinished(() => {
      random.mockRestore();
    });
    const statuses = [(await ask()).status, (await ask()).status];
    expect([statuses[0] !== 200, statuses[1], faults.state[0]?.met]).toEqual([true, 200, 1]);
  });

  it.each(targets)('of %s ends after its seconds, and what hung is answered', async (target) => {
    const { faults, ask } = await TARGETS[target]();
    faults.add({ target, kind: 'hang', seconds: 0.05 });
    expect((await ask()).status).toBe(200);
    expect(faults.state).toEqual([]);
  });
});
