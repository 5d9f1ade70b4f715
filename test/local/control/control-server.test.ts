import { request } from 'node:http';

import { describe, expect, it, onTestFinished } from 'vitest';

import { ControlServer } from '../../../local/control';
import { ObservedStack } from './observed-stack';

async function startControl() {
  const counts = { s3: { GetObject: 3 } };
  const orders: unknown[] = [];
  const stack = Object.assign(new ObservedStack(), {
    state: { url: 'http://localhost:8080' },
    calls: () => counts,
    resetCalls: () => (counts.s3.GetObject = 0),
    invalidations: [{ id: 'I1' }],
    functions: { functions: [] },
    events: [{ source: 'aws.ecs' }],
    invoke: (...order: unknown[]) => Promise.resolve({ payload: order }),
    kill: (...order: unknown[]) => orders.push(['kill', ...order]),
    killFunction: (name: string) => orders.push(['killFunction', name]),
    scale: (replicas: number) => Promise.resolve(void orders.push(['scale', replicas])),
    faults: [{ id: 'fault-1' }],
    addFault: (fault: object) => ({ id: 'fault-2', ...fault }),
    removeFault: (id?: string) => orders.push(['removeFault', id]),
    freeze: (replica: string) => orders.push(['freeze', replica]),
    resume: (replica: string) => orders.push(['resume', replica]),
    skew: (...order: unknown[]) => orders.push(['skew', ...order]),
    partition: (...order: unknown[]) => orders.push(['partition', ...order]),
    deploy: (assembly: string) => Promise.resolve({ outcome: 'completed', assembly }),
  });
  const control = new ControlServer();
  await control.listen(stack, 0);
  onTestFinished(() => control.close());
  const { url } = control;
  const post = (path: string, body: unknown) =>
    fetch(url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { url, post, orders };
}

/** `fetch` sets no Host header of one's own. */
function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the control server', () => {
  it('answers the state', async () => {
    const { url } = await startControl();
    const response = await fetch(`${url}/state`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ url: 'http://localhost:8080' });
  });

  it('counts calls from the last reset', async () => {
    const { url } = await startControl();
    expect(await (await fetch(`${url}/calls`)).json()).toEqual({ s3: { GetObject: 3 } });
    expect((await fetch(`${url}/calls`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(`${url}/calls`)).json()).toEqual({ s3: { GetObject: 0 } });
  });

  it.each([
    ['/invalidations', [{ id: 'I1' }]],
    ['/functions', { functions: [] }],
    ['/events', [{ source: 'aws.ecs' }]],
  ])('answers %s', async (path, expected) => {
    const { url } = await startControl();
    expect(await (await fetch(url + path)).json()).toEqual(expected);
  });

  it('takes orders', async () => {
    const { post, orders } = await startControl();
    expect((await post('/kill', { replica: 'replica-1', signal: 'SIGSTOP' })).status).toBe(204);
    expect((await post('/kill', { function: 'Purge' })).status).toBe(204);
    expect((await post('/scale', { replicas: 3 })).status).toBe(204);
    expect(orders).toEqual([
      ['kill', 'replica-1', 'SIGSTOP'],
      ['killFunction', 'Purge'],
      ['scale', 3],
    ]);
    const deployed = await post('/deploy', { assembly: 'cdk.out' });
    expect(await deployed.json()).toEqual({ outcome: 'completed', assembly: 'cdk.out' });
    const invoked = await post('/invoke', { function: 'Purge', event: { a: 1 } });
    expect(await invoked.json()).toEqual({ payload: ['Purge', { a: 1 }] });
  });

  it('turns faults on and off', async () => {
    const { url, post, orders } = await startControl();
    expect(await (await fetch(`${url}/faults`)).json()).toEqual([{ id: 'fault-1' }]);
    const order = { target: 's3', kind: 'slow', milliseconds: 50, rate: 0.5, seconds: 10 };
    expect(await (await post('/faults', order)).json()).toEqual({ id: 'fault-2', ...order });
    expect((await fetch(`${url}/faults`, { method: 'DELETE', body: '{"id":"fault-2"}' })).status).toBe(204);
    expect((await fetch(`${url}/faults`, { method: 'DELETE' })).status).toBe(204);
    await post('/freeze', { replica: 'replica-1' });
    await post('/resume', { replica: 'replica-1' });
    await post('/skew', { replica: 'replica-1', milliseconds: -5000 });
    await post('/partition', { replica: 'replica-1', partitioned: true });
    expect(orders).toEqual([
      ['removeFault', 'fault-2'],
      ['removeFault', undefined],
      ['freeze', 'replica-1'],
      ['resume', 'replica-1'],
      ['skew', 'replica-1', -5000],
      ['partition', 'replica-1', true],
    ]);
  });

  it.each([
    ['/faults', { kind: 'slow' }, '"target" must be one of s3, dynamodb, cloudfront, origin; received nothing'],
    [
      '/faults',
      { target: 's3', kind: 'rot' },
      '"kind" must be one of refuse, hang, slow, throttle, corrupt; received "rot"',
    ],
    ['/faults', { target: 's3', kind: 'slow' }, 'a fault of kind "slow" needs "milliseconds"'],
    ['/faults', { target: 's3', kind: 'hang', rate: 2 }, '"rate" must be a number above 0 and up to 1; received 2'],
    ['/faults', { target: 's3', kind: 'hang', delay: 2 }, 'a fault has no "delay"; it has target, kind'],
    ['/faults', { target: 'origin', kind: 'hang', replica: 'replica-1' }, '"replica" belongs to faults of s3'],
    ['/freeze', {}, '"replica" must be a text; received undefined'],
    ['/skew', { replica: 'replica-1', milliseconds: '5' }, '"milliseconds" must be a number from -31536000000'],
    ['/partition', { replica: 'replica-1' }, '"partitioned" must be true or false; received undefined'],
    ['/scale', { replicas: 1.5 }, '"replicas" must be a whole number from 0 to 100; received 1.5'],
    ['/scale', 'three', 'the body must be a JSON object; received three'],
    ['/kill', {}, '"replica" must be a text; received undefined'],
    [
      '/kill',
      { replica: 'replica-1', signal: 'SIGUSR1' },
      '"signal" must be one of SIGKILL, SIGTERM, SIGSTOP, SIGCONT',
    ],
  ])('refuses %s with %j', async (path, body, message) => {
    const { post } = await startControl();
    const response = await post(path, body);
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: expect.stringContaining(message) as string },
    ]);
  });

  it('names what it answers when asked for something else', async () => {
    const { url } = await startControl();
    const response = await fetch(`${url}/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: 'nothing is at /nothing',
      routes: expect.arrayContaining(['GET /state', 'GET /calls', 'DELETE /calls', 'POST /deploy']) as string[],
    });
  });

  it('names the methods of a path', async () => {
    const { url } = await startControl();
    const response = await fetch(`${url}/calls`, { method: 'PUT' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, DELETE');
  });

  it.each([
    [{ host: 'evil.example' }, 403],
    [{ host: 'evil.example:8080' }, 403],
    [{ host: 'localhost:1', origin: 'http://evil.example' }, 403],
    [{ host: 'localhost:1', origin: 'http://localhost:1' }, 200],
    [{ host: '127.0.0.1:1' }, 200],
  ])('answers requests with %j by %i', async (headers, status) => {
    const { url } = await startControl();
    expect(await statusOf(`${url}/state`, headers)).toBe(status);
  });
});
