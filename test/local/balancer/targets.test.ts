import { request } from 'node:http';

import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import {
  ask,
  attributes,
  closeAll,
  forwardTo,
  registerHealthy,
  startBalancer,
  startTarget,
  targetGroup,
  until,
  type TestServer,
} from './support';

afterEach(closeAll);

const named = (name: string): Promise<TestServer> => startTarget((_, response) => response.end(name));

/** A balancer whose listener forwards to two groups. */
function weighted(blue: number, green: number, stickiness?: object): Parameters<typeof startBalancer>[0] {
  const ForwardConfig = {
    TargetGroups: [
      { TargetGroupArn: 'arn:blue', Weight: blue },
      { TargetGroupArn: 'arn:green', Weight: green },
    ],
    TargetGroupStickinessConfig: stickiness,
  };
  return {
    listener: { DefaultActions: [{ Type: 'forward', ForwardConfig }] },
    groups: [targetGroup('arn:blue'), targetGroup('arn:green')],
  };
}

async function counts(
  port: number,
  times: number,
  headers: Record<string, string> = {},
): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (let i = 0; i < times; i += 1) {
    const { body } = await ask(port, { headers });
    seen[body] = (seen[body] ?? 0) + 1;
  }
  return seen;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
describe('the health of a target', () => {
  it('is initial until one check succeeds, whatever the healthy threshold', async () => {
    let ready = false;
    const target = await startTarget((_, response) => response.writeHead(ready ? 200 : 503).end());
    const balancer = await startBalancer({ groups: [targetGroup('arn:group', { HealthyThresholdCount: 5 })] });
    balancer.registerTarget('arn:group', target);
    await until(() => balancer.targetHealth('arn:group')[0]?.reason === 'Elb.InitialHealthChecking');
    expect(balancer.targetHealth('arn:group')[0]).toMatchObject({ state: 'initial' });
    expect((await ask(balancer.port)).status).toBe(503);
    ready = true;
    await until(() => balancer.targetHealth('arn:group')[0]?.state === 'healthy');
  });

  it('turns after as many checks in a row as the thresholds say', async () => {
    let status = 200;
    let checks = 0;
    const target = await startTarget((_, response) => {
      checks += 1;
      response.writeHead(status).end();
    });
    const states: string[] = [];
    const group = targetGroup('arn:group', { HealthyThresholdCount: 3, UnhealthyThresholdCount: 2 });
    const balancer = await startBalancer({
      groups: [group],
      options: { timeScale: 0.004, onHealthChange: (_, { state }) => states.push(state) },
    });
    await registerHealthy(balancer, 'arn:group', target);
    checks = 0;
    status = 500;
    await until(() => states.at(-1) === 'unhealthy');
    expect(checks).toBeGreaterThanOrEqual(2);
    expect(balancer.targetHealth('arn:group')[0]).toMatchObject({
      reason: 'Target.ResponseCodeMismatch',
      description: 'Health checks failed with these codes: [500]',
    });
    checks = 0;
    status = 200;
    await until(() => states.at(-1) === 'healthy');
    expect(checks).toBeGreaterThanOrEqual(3);
    expect(states).toEqual(['initial', 'healthy', 'unhealthy', 'healthy']);
  });

  const MATCHERS: [codes: string, status: number, state: string][] = [
    ['200', 200, 'healthy'],
    ['200', 204, 'initial'],
    ['200,204', 204, 'healthy'],
    ['200-399', 307, 'healthy'],
    ['200-299', 404, 'initial'],
  ];
  it.each(MATCHERS)('with matcher %s and status %i is %s', async (HttpCode, status, state) => {
    let checks = 0;
    const target = await startTarget((_, response) => {
      checks += 1;
      response.writeHead(status).end();
    });
    const balancer = await startBalancer({ groups: [targetGroup('arn:group', { Matcher: { HttpCode } })] });
    balancer.registerTarget('arn:group', target);
    await until(() => checks > 2 || balancer.targetHealth('arn:group')[0]?.state === 'healthy');
    expect(balancer.targetHealth('arn:group')[0]?.state).toBe(state);
  });

  it('is asked at its path, each time on a connection of its own', async () => {
    const seen: string[] = [];
    const target = await startTarget((incoming, response) => {
      seen.push(`${incoming.url ?? ''} ${String(incoming.headers.connection)} ${String(incoming.headers.host)}`);
      response.end();
    });
    const balancer = await startBalancer();
    await registerHealthy(balancer, 'arn:group', target);
    expect(seen[0]).toBe(`/health close 127.0.0.1:${String(target.port)}`);
  });

  it('does not matter when all are unhealthy: requests go to any of them', async () => {
    let status = 200;
    const target = await startTarget((_, response) => response.writeHead(status).end('served'));
    const balancer = await startBalancer({ options: { timeScale: 0.004 } });
    await registerHealthy(balancer, 'arn:group', target);
    status = 500;
    await until(() => balancer.targetHealth('arn:group')[0]?.state === 'unhealthy');
    expect((await ask(balancer.port)).body).toBe('served');
  });

  it('keeps requests from an unhealthy target while another is healthy', async () => {
    let status = 200;
    const [one, other] = [
      await startTarget((_, response) => response.writeHead(status).end('one')),
      await named('other'),
    ];
    const balancer = await startBalancer({ options: { timeScale: 0.004 } });
    await registerHealthy(balancer, 'arn:group', one, other);
    status = 500;
    await until(() => balancer.targetHealth('arn:group').some(({ state }) => state === 'unhealthy'));
    expect(await counts(balancer.port, 6)).toEqual({ other: 6 });
  });
});

describe('a target is chosen', () => {
  it('in turn', async () => {
    const targets = [await named('a'), await named('b'), await named('c')];
    const balancer = await startBalancer();
    await registerHealthy(balancer, 'arn:group', ...targets);
    expect(await counts(balancer.port, 9)).toEqual({ a: 3, b: 3, c: 3 });
  });

  it('by the fewest requests under way', async () => {
    const slow = await startTarget((incoming, response) => {
      if (incoming.url !== '/hang') response.end('slow');
    });
    const fast = await named('fast');
    const group = targetGroup('arn:group', {
      TargetGroupAttributes: attributes({ 'load_balancing.algorithm.type': 'least_outstanding_requests' }),
    });
    const balancer = await startBalancer({ groups: [group] });
    await registerHealthy(balancer, 'arn:group', slow);
    const hanging = request({ host: '127.0.0.1', port: balancer.port, path: '/hang' }).on('error', () => undefined);
    hanging.end();
    await until(() => slow.requests.length === 1);
    await registerHealthy(balancer, 'arn:group', fast);
    expect(await counts(balancer.port, 4)).toEqual({ fast: 4 });
    hanging.destroy();
  });

  it('by the weights of a forward', async () => {
    const [blue, green] = [await named('blue'), await named('green')];
    const balancer = await startBalancer(weighted(0, 100));
    await registerHealthy(balancer, 'arn:blue', blue);
    await registerHealthy(balancer, 'arn:green', green);
    expect(await counts(balancer.port, 5)).toEqual({ green: 5 });
  });

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#forward-actions */
  const SHARES: [random: number, group: string][] = [
    [0, 'blue'],
    [0.24, 'blue'],
    [0.26, 'green'],
    [0.99, 'green'],
  ];
  it.each(SHARES)('by weights of 1 and 3, at %f of the way: %s', async (random, group) => {
    const [blue, green] = [await named('blue'), await named('green')];
    const balancer = await startBalancer(weighted(1, 3));
    await registerHealthy(balancer, 'arn:blue', blue);
    await registerHealthy(balancer, 'arn:green', green);
    const spy = vi.spyOn(Math, 'random').mockReturnValue(random);
    onTestFinished(() => {
      spy.mockRestore();
    });
    expect(await counts(balancer.port, 2)).toEqual({ [group]: 2 });
  });

  it('by the group that answered a client first, where the forward is sticky', async () => {
    const [blue, green] = [await named('blue'), await named('green')];
    const balancer = await startBalancer(weighted(50, 50, { Enabled: true, DurationSeconds: 60 }));
    await registerHealthy(balancer, 'arn:blue', blue);
    await registerHealthy(balancer, 'arn:green', green);
    const { headers, body } = await ask(balancer.port);
    const cookie = headers['set-cookie']?.find((text) => text.startsWith('AWSALBTG='))?.split(';')[0] ?? '';
    expect(await counts(balancer.port, 8, { cookie })).toEqual({ [body]: 8 });
  });

  it('at random, where the group says so', async () => {
    const targets = [await named('a'), await named('b')];
    const algorithm = { 'load_balancing.algorithm.type': 'weighted_random' };
    const group = targetGroup('arn:group', { TargetGroupAttributes: attributes(algorithm) });
    const balancer = await startBalancer({ groups: [group] });
    await registerHealthy(balancer, 'arn:group', ...targets);
    const spy = vi.spyOn(Math, 'random').mockReturnValueOnce(0.6).mockReturnValueOnce(0.7).mockReturnValueOnce(0.1);
    onTestFinished(() => {
      spy.mockRestore();
    });
    expect(await counts(balancer.port, 3)).toEqual({ b: 2, a: 1 });
  });

  it('by the cookie that the load balancer gave', async () => {
    const targets = [await named('a'), await named('b')];
    const group = targetGroup('arn:group', {
      TargetGroupAttributes: attributes({ 'stickiness.enabled': 'true', 'stickiness.type': 'lb_cookie' }),
    });
    const balancer = await startBalancer({ groups: [group] });
    await registerHealthy(balancer, 'arn:group', ...targets);
    const { headers, body } = await ask(balancer.port);
    const [cookie = '', twin = ''] = headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^AWSALB=\S+; Expires=.+; Path=\/$/);
    expect(twin).toMatch(/^AWSALBCORS=\S+; Expires=.+; Path=\/; SameSite=None$/);
    expect(await counts(balancer.port, 5, { cookie: cookie.split(';')[0] ?? '' })).toEqual({ [body]: 5 });
  });

  it("by a cookie that follows the application's own", async () => {
    const app = (name: string): Promise<TestServer> =>
      startTarget((_, response) => response.setHeader('set-cookie', 'session=1').end(name));
    const targets = [await app('a'), await app('b')];
    const group = targetGroup('arn:group', {
      TargetGroupAttributes: attributes({
        'stickiness.enabled': 'true',
        'stickiness.type': 'app_cookie',
        'stickiness.app_cookie.cookie_name': 'session',
      }),
    });
    const balancer = await startBalancer({ groups: [group] });
    await registerHealthy(balancer, 'arn:group', ...targets);
    const { headers, body } = await ask(balancer.port);
    const cookie = headers['set-cookie']?.find((text) => text.startsWith('AWSALBAPP-0='))?.split(';')[0] ?? '';
    expect(await counts(balancer.port, 5, { cookie })).toEqual({ [body]: 5 });
  });
});

describe('a deregistered target', () => {
  it('gets no new request, and finishes those under way', async () => {
    let finish: () => void = () => undefined;
    const leaving = await startTarget((incoming, response) => {
      if (incoming.url === '/slow') finish = () => response.end('finished');
      else response.end('leaving');
    });
    const staying = await named('staying');
    const balancer = await startBalancer();
    await registerHealthy(balancer, 'arn:group', leaving);
    const slow = ask(balancer.port, { path: '/slow' });
    await until(() => leaving.requests.length === 1);
    await registerHealthy(balancer, 'arn:group', staying);
    let drained = false;
    const deregistered = balancer.deregisterTarget('arn:group', leaving).then(() => (drained = true));
    expect(balancer.targetHealth('arn:group')).toContainEqual(
      expect.objectContaining({ port: leaving.port, state: 'draining', reason: 'Target.DeregistrationInProgress' }),
    );
    expect(await counts(balancer.port, 4)).toEqual({ staying: 4 });
    expect(drained).toBe(false);
    finish();
    expect((await slow).body).toBe('finished');
    await deregistered;
    expect(balancer.targetHealth('arn:group').map(({ port }) => port)).toEqual([staying.port]);
  });

  it('is cut off when the deregistration delay is over', async () => {
    const target = await startTarget((incoming, response) => {
      if (incoming.url === '/health') response.end();
    });
    const group = targetGroup('arn:group', {
      TargetGroupAttributes: attributes({ 'deregistration_delay.timeout_seconds': '0' }),
    });
    const balancer = await startBalancer({ groups: [group] });
    await registerHealthy(balancer, 'arn:group', target);
    const hanging = ask(balancer.port);
    const cut = expect(hanging).rejects.toThrow();
    await until(() => target.requests.length === 1);
    await balancer.deregisterTarget('arn:group', target);
    await cut;
  });
});

describe('what is not emulated', () => {
  it('is named', async () => {
    const group = targetGroup('arn:group', {
      ProtocolVersion: 'HTTP2',
      TargetGroupAttributes: attributes({ 'slow_start.duration_seconds': '30' }),
    });
    const balancer = await startBalancer({
      groups: [group],
      listener: {
        DefaultActions: [
          { Type: 'authenticate-cognito', Order: 1 },
          { ...(forwardTo('arn:group') as object), Order: 2 },
        ],
      },
    });
    expect(balancer.unsupported).toEqual([
      'authenticate-cognito: nobody is asked to sign in',
      'target group arn:group: slow start: a healthy target gets its full share at once',
      'target group arn:group: protocol version HTTP2: targets are asked in HTTP/1.1',
    ]);
  });
});
