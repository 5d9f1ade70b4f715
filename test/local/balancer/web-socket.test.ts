import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import type { BalancerEvent } from '../../../local/balancer';
import {
  attributes,
  closeAll,
  fixed,
  registerHealthy,
  startBalancer,
  startTarget,
  targetGroup,
  until,
  type TestBalancerOptions,
  type TestServer,
} from './support';
import { canFillPorts, fullPort, passTimer, stopTimers } from '../full-port';

afterEach(closeAll);

/** A target that repeats what it is sent, and says for whom. */
async function startEcho(): Promise<TestServer> {
  const target = await startTarget();
  target.server.on('upgrade', (incoming, socket) => {
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (data: Buffer) =>
      socket.write(`echo ${data.toString()} for ${String(incoming.headers['x-forwarded-for'])}`),
    );
  });
  return target;
}

async function start(target: TestServer | undefined, options: TestBalancerOptions = {}) {
  const events: BalancerEvent[] = [];
  const balancer = await startBalancer({ ...options, options: { onRequest: (event) => events.push(event) } });
  if (target) await registerHealthy(balancer, 'arn:group', target);
  return { balancer, events, client: open(balancer.port) };
}

interface Client {
  readonly socket: Socket;
  readonly seen: { text: string; closed: boolean };
}

function open(port: number, headers = ''): Client {
  const socket = connect(port, '127.0.0.1');
  const seen = { text: '', closed: false };
  socket.on('data', (data) => (seen.text += data.toString()));
  socket.on('close', () => (seen.closed = true));
  socket.write(`GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n`);
  return { socket, seen };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#listener-configuration */
describe('a WebSocket', () => {
  it('is handed through, both ways, and logged at its end', async () => {
    const target = await startEcho();
    const { client, events } = await start(target);
    await until(() => client.seen.text.endsWith('\r\n\r\n'));
    client.socket.write('hello');
    await until(() => client.seen.text.includes('echo hello for 127.0.0.1'));
    expect(client.seen.text).toMatch(/^HTTP\/1.1 101 /);
    client.socket.destroy();
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ status: 101, targetStatus: 101, target: `127.0.0.1:${String(target.port)}` });
  });

  it('is closed when both sides are silent for the idle timeout', async () => {
    const { client } = await start(await startEcho(), { attributes: { 'idle_timeout.timeout_seconds': '1' } });
    await until(() => client.seen.text.endsWith('\r\n\r\n'));
    await until(() => client.seen.closed);
  });

  it('counts as a request of its target, and is cut off with it when the deregistration delay is over', async () => {
    const target = await startEcho();
    const delay = attributes({ 'deregistration_delay.timeout_seconds': '0' });
    const groups = [targetGroup('arn:group', { TargetGroupAttributes: delay })];
    const { client, balancer } = await start(target, { groups });
    await until(() => client.seen.text.endsWith('\r\n\r\n'));
    expect(balancer.targetHealth('arn:group')).toMatchObject([{ outstanding: 1 }]);
    await balancer.deregisterTarget('arn:group', target);
    await until(() => client.seen.closed);
  });

  it('is answered with 503 where no target is registered', async () => {
    const { client, events } = await start(undefined);
    await until(() => client.seen.closed);
    expect(client.seen.text).toMatch(/^HTTP\/1\.1 503 Service Temporarily Unavailable\r\n/);
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ status: 503, reason: expect.stringContaining('no target to ask') as string });
  });

  it.runIf(canFillPorts)('is answered with 504 when there is no connection to its target within 10 s', async () => {
    const health = await startTarget();
    const groups = [targetGroup('arn:group', { HealthCheckPort: String(health.port) })];
    const balancer = await startBalancer({ groups });
    await registerHealthy(balancer, 'arn:group', { host: '127.0.0.1', port: await fullPort() });
    stopTimers();
    const client = open(balancer.port);
    expect(await passTimer(10_000)).toBe(true);
    await once(client.socket, 'close');
    expect(client.seen.text).toMatch(/^HTTP\/1\.1 504 Gateway Time-?out\r\n/i);
  });

  it('is answered with 502 when its target refuses the connection', async () => {
    const target = await startEcho();
    const { balancer } = await start(target);
    await target.close();
    const client = open(balancer.port);
    await until(() => client.seen.closed);
    expect(client.seen.text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  });

  it('obeys rules that answer themselves, and limits', async () => {
    const listener = { DefaultActions: [fixed('closed', '403')] };
    const { client, balancer } = await start(undefined, { listener });
    await until(() => client.seen.closed);
    expect(client.seen.text).toMatch(/^HTTP\/1\.1 403 [\s\S]*closed$/);
    const large = open(balancer.port, `X-Large: ${'a'.repeat(17_000)}\r\n`);
    await until(() => large.seen.closed);
    expect(large.seen.text).toMatch(/^HTTP\/1\.1 400 /);
  });
});
