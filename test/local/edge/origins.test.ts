import { createServer } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import type { EdgeResource } from '../../../local/edge';

import {
  BAD_GATEWAY,
  BUCKET_ACCESS,
  BUCKET_ORIGIN,
  COMPLETION_TIMEOUT,
  CONNECTIONS,
  CONNECTION_ATTEMPTS,
  CONNECTION_TIMEOUT,
  ERROR_NOT_IN_CACHE,
  FAILOVER,
  GENERAL_LIMITS,
  ORIGIN_SETTINGS,
  RESPONSE_TIMEOUT,
  VPC_ORIGINS,
} from './documentation';
import {
  ALL_VIEWER,
  CACHING_OPTIMIZED,
  closeAll,
  resource,
  respond,
  resultOf,
  startEdge,
  startOrigin,
  until,
  type TestEdge,
  type TestOrigin,
} from './support';
import { canFillPorts, fullPort, passTimer, stopTimers } from '../full-port';

afterEach(closeAll);

const silent = { CustomOriginConfig: { OriginProtocolPolicy: 'http-only', OriginReadTimeout: 1 } };

async function closedOrigin(): Promise<TestOrigin> {
  const origin = await startOrigin();
  await origin.close();
  return origin;
}

const silentOrigin = (): Promise<TestOrigin> => startOrigin(() => undefined);

describe('an origin that does not answer', () => {
  it.each(['GET', 'POST'])(
    `is connected to as often as the attempts say, for %s (${CONNECTION_ATTEMPTS})`,
    async (method) => {
      let tries = 0;
      const origin = await startOrigin();
      const edge = await startEdge(undefined, {
        origin: { ConnectionAttempts: 3 },
        options: {
          hosts: {
            // Nobody listens before the last attempt.
            resolve: () => ({ host: '127.0.0.1', port: (tries += 1) < 3 ? 1 : origin.port }),
          },
        },
      });
      expect((await edge.ask({ method, ...(method === 'POST' && { body: 'x' }) })).body).toBe('ok');
      expect(tries).toBe(3);
    },
  );

  it.runIf(canFillPorts)(
    `is given up when no connection has come within its timeout, in as many attempts as there may be (${CONNECTION_TIMEOUT})`,
    async () => {
      const edge = await startEdge(undefined, {
        origin: { ConnectionTimeout: 4, ConnectionAttempts: 2 },
        hosts: { 'app.example': await fullPort() },
      });
      stopTimers();
      const answer = edge.ask({ method: 'POST', body: 'x' });
      for (let attempt = 1; attempt <= 2; attempt++) expect(await passTimer(4000)).toBe(true);
      expect((await answer).status).toBe(504);
      expect(edge.events[0]?.reason).toMatch(/^no connection within 4 s \(origin "app" at /);
    },
  );

  it.runIf(canFillPorts)(
    `has ten seconds, three times, where nothing else is said (${CONNECTION_TIMEOUT})`,
    async () => {
      const edge = await startEdge(undefined, { hosts: { 'app.example': await fullPort() } });
      stopTimers();
      const answer = edge.get('/');
      for (let attempt = 1; attempt <= 3; attempt++) expect(await passTimer(10_000)).toBe(true);
      expect((await answer).status).toBe(504);
    },
  );

  it(`may take no longer than the completion timeout, all attempts together (${COMPLETION_TIMEOUT})`, async () => {
    const origin = await silentOrigin();
    const edge = await startEdge(origin, { origin: { ConnectionAttempts: 3, ResponseCompletionTimeout: 1 } });
    expect((await edge.get('/')).status).toBe(504);
    expect(origin.requests).toHaveLength(1);
    expect((await edge.logged(1))[0]?.reason).toContain('longer than the response completion timeout');
  });

  it(`is cut off by the completion timeout although it sends byte after byte (${COMPLETION_TIMEOUT})`, async () => {
    const origin = await startOrigin((_, response) => {
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const edge = await startEdge(origin, { origin: { ResponseCompletionTimeout: 1 } });
    await expect(edge.get('/')).rejects.toThrow();
    expect(edge.edge.stored.objects).toBe(0);
  });

  it(`answers with more than 32,768 bytes of headers: 502 (${GENERAL_LIMITS})`, async () => {
    const edge = await startEdge(await startOrigin(respond({ 'x-large': 'a'.repeat(33_000) })));
    expect((await edge.get('/')).status).toBe(502);
  });

  it.each(['GET', 'HEAD'])(
    `is asked as often as the connection attempts say, for %s (${RESPONSE_TIMEOUT})`,
    async (method) => {
      const origin = await startOrigin(() => undefined);
      const edge = await startEdge(origin, { origin: { ...silent, ConnectionAttempts: 2 } });
      const answer = await edge.ask({ method });
      expect([answer.status, resultOf(answer), origin.requests.length]).toEqual([504, 'Error', 2]);
      expect((await edge.logged(1))[0]?.reason).toMatch(/^no byte for 1 s \(origin "app" at 127\.0\.0\.1:\d+\)$/);
    },
  );

  it(`is asked once for other methods (${RESPONSE_TIMEOUT})`, async () => {
    const origin = await silentOrigin();
    const edge = await startEdge(origin, { origin: { ...silent, ConnectionAttempts: 3 } });
    const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
    const answers = await Promise.all(methods.map((method) => edge.ask({ method })));
    expect(answers.map(({ status }) => status)).toEqual(methods.map(() => 504));
    expect(origin.requests.map(({ method }) => method).sort()).toEqual([...methods].sort());
  });

  it(`falls silent between two packets: the connection is cut (${RESPONSE_TIMEOUT})`, async () => {
    const origin = await startOrigin((_, response) => {
      response.writeHead(200, { 'cache-control': 's-maxage=60' }).write('some');
    });
    const edge = await startEdge(origin, { origin: silent });
    await expect(edge.get('/')).rejects.toThrow();
    expect(edge.edge.stored.objects).toBe(0);
  });

  it(`may take longer altogether than its read timeout, byte by byte (${RESPONSE_TIMEOUT})`, async () => {
    const origin = await startOrigin((_, response) => {
      let left = 5;
      const timer = setInterval(() => {
        left -= 1;
        if (left > 0) response.write('.');
        else {
          clearInterval(timer);
          response.end('done');
        }
      }, 400);
    });
    const edge = await startEdge(origin, { origin: silent });
    expect((await edge.get('/')).body).toBe('....done');
  });

  it(`refuses connections: 502 after all attempts, kept for the error caching minimum TTL (${CONNECTION_ATTEMPTS})`, async () => {
    const origin = await startOrigin();
    await origin.close();
    const edge = await startEdge(origin, { origin: { ConnectionAttempts: 3 } });
    const answer = await edge.get('/');
    expect([answer.status, resultOf(answer)]).toEqual([502, 'Error']);
    expect(answer.body).toContain('ECONNREFUSED');
    expect(answer.body).toContain(`Request ID: ${String(answer.headers['x-amz-cf-id'])}`);
  });

  it(`closes the connection without an answer: 502 (${BAD_GATEWAY})`, async () => {
    const origin = await startOrigin((incoming) => incoming.socket.destroy());
    const edge = await startEdge(origin, { origin: { ConnectionAttempts: 1 } });
    expect((await edge.get('/')).status).toBe(502);
  });

  it(`does not speak HTTP: 502 (${BAD_GATEWAY})`, async () => {
    const server = createServer((socket) => socket.end('nonsense'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const edge = await startEdge(undefined, { hosts: { 'app.example': port } });
    expect((await edge.get('/')).status).toBe(502);
    server.close();
  });

  it(`is not on this machine: 502 that says so (${BAD_GATEWAY})`, async () => {
    const edge = await startEdge(undefined);
    expect((await edge.get('/')).body).toContain('nothing on this machine serves app.example:80');
  });

  it(`is asked again with the next request, once the error is no longer kept (${ERROR_NOT_IN_CACHE})`, async () => {
    const origin = await startOrigin((incoming) => incoming.socket.destroy());
    const edge = await startEdge(origin, { origin: { ConnectionAttempts: 1 } });
    await edge.get('/');
    origin.answer = respond({});
    expect((await edge.get('/')).status).toBe(502);
    edge.pass(11);
    expect((await edge.get('/')).status).toBe(200);
  });
});

describe('an origin group', () => {
  async function group(primary: TestOrigin, secondary: TestOrigin, codes = [500, 502, 504]): Promise<TestEdge> {
    const origins = ['primary', 'secondary'].map((Id) => ({
      Id,
      DomainName: `${Id}.example`,
      ConnectionAttempts: 1,
      CustomOriginConfig: { OriginProtocolPolicy: 'http-only', OriginReadTimeout: 1 },
    }));
    const groups = {
      Items: [
        {
          Id: 'group',
          FailoverCriteria: { StatusCodes: { Items: codes } },
          Members: { Items: [{ OriginId: 'primary' }, { OriginId: 'secondary' }] },
        },
      ],
    };
    return startEdge(undefined, {
      behavior: { TargetOriginId: 'group' },
      config: { Origins: origins, OriginGroups: groups },
      hosts: { 'primary.example': primary.port, 'secondary.example': secondary.port },
    });
  }

  it(`asks the primary while it is well (${FAILOVER})`, async () => {
    const edge = await group(await startOrigin(respond({}, 'first')), await startOrigin(respond({}, 'second')));
    expect((await edge.get('/')).body).toBe('first');
  });

  it(`asks the secondary for a listed status (${FAILOVER})`, async () => {
    const edge = await group(await startOrigin(respond({}, 'broken', 500)), await startOrigin(respond({}, 'second')));
    expect((await edge.get('/')).body).toBe('second');
    expect((await edge.logged(1))[0]?.origin?.originId).toBe('secondary');
  });

  it(`does not for a status that is not listed (${FAILOVER})`, async () => {
    const edge = await group(await startOrigin(respond({}, 'missing', 404)), await startOrigin(respond({}, 'second')));
    expect((await edge.get('/')).status).toBe(404);
  });

  const UNANSWERED: [what: string, start: () => Promise<TestOrigin>, codes: number[], asked: string][] = [
    ['cannot be reached, with 503 among the codes', closedOrigin, [503], 'second'],
    ['cannot be reached, without 503', closedOrigin, [500, 502, 504], '502'],
    ['is silent, with 504 among the codes', silentOrigin, [504], 'second'],
    ['is silent, without 504', silentOrigin, [500, 502, 503], '504'],
  ];
  it.each(UNANSWERED)(`whose primary %s (${FAILOVER})`, async (_, start, codes, asked) => {
    const edge = await group(await start(), await startOrigin(respond({}, 'second')), codes);
    const { status, body } = await edge.get('/');
    expect(status === 200 ? body : String(status)).toBe(asked);
  });

  const METHODS: [method: string, status: number][] = [
    ['GET', 200],
    ['HEAD', 200],
    ['OPTIONS', 200],
    ['POST', 500],
    ['PUT', 500],
    ['DELETE', 500],
  ];
  it.each(METHODS)(`answers a %s that fails with %i (${FAILOVER})`, async (method, status) => {
    const edge = await group(await startOrigin(respond({}, 'broken', 500)), await startOrigin(respond({}, 'second')));
    expect((await edge.ask({ method })).status).toBe(status);
  });

  it(`asks the primary first again, whatever it answered before (${FAILOVER})`, async () => {
    const primary = await startOrigin(respond({ 'cache-control': 'no-store' }, 'broken', 500));
    const edge = await group(primary, await startOrigin(respond({ 'cache-control': 'no-store' }, 'second')));
    await edge.get('/');
    await edge.get('/');
    expect(primary.requests).toHaveLength(2);
  });
});

describe('an S3 origin', () => {
  const DOMAIN = 'assets.s3.eu-west-1.amazonaws.com';
  const control = (SigningBehavior: string): ReturnType<typeof resource> =>
    resource('OriginAccessControl', 'oac', {
      OriginAccessControlConfig: { SigningBehavior, OriginAccessControlOriginType: 's3' },
    });

  async function bucket(
    origin: TestOrigin,
    properties: Record<string, unknown>,
    signing = 'always',
    policies: EdgeResource[] = [],
  ): Promise<TestEdge> {
    return startEdge(origin, {
      origin: {
        DomainName: DOMAIN,
        CustomOriginConfig: undefined,
        S3OriginConfig: { OriginAccessIdentity: '' },
        ...properties,
      },
      behavior: { CachePolicyId: CACHING_OPTIMIZED, OriginRequestPolicyId: ALL_VIEWER },
      resources: [control(signing), ...policies],
      hosts: { [DOMAIN]: origin.port },
    });
  }

  it(`is asked for its object, path style, with its own host (${BUCKET_ORIGIN})`, async () => {
    const origin = await startOrigin(respond({ server: 'AmazonS3', 'x-amz-request-id': '1', 'x-amz-id-2': '2' }));
    const edge = await bucket(origin, { OriginAccessControlId: 'oac', OriginPath: '/site' });
    const { headers } = await edge.get('/_next/static/a.js?v=1', { host: 'localhost:8080' });
    expect([origin.requests[0]?.url, origin.requests[0]?.headers.host]).toEqual([
      '/assets/site/_next/static/a.js?v=1',
      DOMAIN,
    ]);
    expect(headers.server).toBe('AmazonS3');
    expect(headers).not.toHaveProperty('x-amz-request-id');
    expect(headers).not.toHaveProperty('x-amz-id-2');
  });

  it(`refuses requests without an origin access control: 403 (${BUCKET_ACCESS})`, async () => {
    const origin = await startOrigin();
    const edge = await bucket(origin, {});
    const answer = await edge.get('/a.js');
    expect([answer.status, resultOf(answer), origin.requests.length]).toEqual([403, 'Error', 0]);
    expect(answer.body).toContain('bucket "assets" is private, and origin "app" has no origin access control');
  });

  it(`refuses requests that the access control never signs (${BUCKET_ACCESS})`, async () => {
    const edge = await bucket(await startOrigin(), { OriginAccessControlId: 'oac' }, 'never');
    expect((await edge.get('/a.js')).status).toBe(403);
  });

  it(`accepts an origin access identity (${BUCKET_ACCESS})`, async () => {
    const edge = await bucket(await startOrigin(), {
      S3OriginConfig: { OriginAccessIdentity: 'origin-access-identity/cloudfront/E2' },
    });
    expect((await edge.get('/a.js')).status).toBe(200);
  });

  const policy = (...Action: string[]): EdgeResource[] => [
    { logicalId: 'B', type: 'AWS::S3::Bucket', physicalId: 'assets', properties: {} },
    {
      logicalId: 'P',
      type: 'AWS::S3::BucketPolicy',
      physicalId: 'assets',
      properties: {
        Bucket: 'assets',
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: { Service: 'cloudfront.amazonaws.com' }, Action, Resource: '*' }],
        },
      },
    },
  ];
  const POLICIES: [actions: string[], stored: number, missing: number][] = [
    [['s3:GetObject', 's3:ListBucket'], 200, 404],
    [['s3:GetObject'], 200, 403],
    [['s3:*'], 200, 404],
    [['s3:PutObject'], 403, 403],
  ];
  it.each(POLICIES)(
    `whose policy allows %j answers %i, and %i for what is missing (${BUCKET_ACCESS})`,
    async (actions, stored, missing) => {
      const origin = await startOrigin((incoming, response) => {
        response.writeHead(incoming.url === '/assets/a' ? 200 : 404).end();
      });
      const edge = await bucket(origin, { OriginAccessControlId: 'oac' }, 'always', policy(...actions));
      expect([(await edge.get('/a')).status, (await edge.get('/b')).status]).toEqual([stored, missing]);
    },
  );

  it.each(['assets.s3.amazonaws.com', 'my.dotted.bucket.s3.us-east-1.amazonaws.com', 'old.s3-eu-west-1.amazonaws.com'])(
    `is recognised by %s (${ORIGIN_SETTINGS})`,
    async (domain) => {
      const origin = await startOrigin();
      const edge = await startEdge(origin, {
        origin: { DomainName: domain, CustomOriginConfig: undefined, S3OriginConfig: {}, OriginAccessControlId: 'oac' },
        resources: [control('always')],
        hosts: { [domain]: origin.port },
      });
      await edge.get('/a');
      expect(origin.requests[0]?.url).toBe(`/${domain.replace(/\.s3[.-].*$/, '')}/a`);
    },
  );
});

describe('a VPC origin', () => {
  it(`is asked at the HTTP port of its endpoint (${VPC_ORIGINS})`, async () => {
    const origin = await startOrigin();
    const vpcOrigin = resource('VpcOrigin', 'vo_1', {
      VpcOriginEndpointConfig: { Arn: 'arn:alb', HTTPPort: 8081, OriginProtocolPolicy: 'http-only' },
    });
    const edge = await startEdge(undefined, {
      origin: {
        DomainName: 'internal.elb.amazonaws.com',
        CustomOriginConfig: undefined,
        VpcOriginConfig: { VpcOriginId: 'vo_1', OriginReadTimeout: 60 },
      },
      resources: [vpcOrigin],
      hosts: { 'internal.elb.amazonaws.com:8081': origin.port },
    });
    expect((await edge.get('/')).status).toBe(200);
  });
});

describe('connections', () => {
  it(`to an origin are kept between requests (${CONNECTIONS})`, async () => {
    const origin = await startOrigin();
    let connections = 0;
    origin.server.on('connection', () => (connections += 1));
    const edge = await startEdge(origin);
    await edge.get('/a');
    await edge.get('/b');
    expect(connections).toBe(1);
  });

  it('are gone after close, and the port is free', async () => {
    const origin = await startOrigin(() => undefined);
    const edge = await startEdge(origin);
    const { port } = edge;
    const waiting = edge.get('/').catch(() => 'closed');
    await until(() => origin.requests.length === 1);
    await edge.edge.close();
    expect(await waiting).toBe('closed');
    const next = await startEdge(origin, {});
    await next.edge.close();
    await next.edge.listen(port);
    expect(next.port).toBe(port);
  });

  it('to a port in use are refused with EADDRINUSE', async () => {
    const edge = await startEdge(await startOrigin());
    const other = await startEdge(await startOrigin());
    await other.edge.close();
    await expect(other.edge.listen(edge.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it.each(['127.0.0.1', 'localhost', '[::1]'])('come to %s', async (host) => {
    const edge = await startEdge(await startOrigin());
    expect((await fetch(`http://${host}:${String(edge.port)}/`)).status).toBe(200);
  });
});
