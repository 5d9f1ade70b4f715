import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import type { BalancerEvent } from '../../../local/balancer';
import {
  ask,
  closeAll,
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

async function behind(target: TestServer, options: TestBalancerOptions = {}): ReturnType<typeof startBalancer> {
  const balancer = await startBalancer(options);
  await registerHealthy(balancer, 'arn:group', target);
  return balancer;
}

describe('a forwarded request', () => {
  it('reaches the target with its method, path, headers and body', async () => {
    const target = await startTarget((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => outgoing.end(JSON.stringify({ method: incoming.method, url: incoming.url, body })));
    });
    const balancer = await behind(target);
    const answer = await ask(balancer.port, { method: 'POST', path: '/a?b=c', body: 'hello' });
    expect(JSON.parse(answer.body)).toEqual({ method: 'POST', url: '/a?b=c', body: 'hello' });
  });

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html */
  const FORWARDED_FOR: [mode: string, sent: string | undefined, got: string | undefined][] = [
    ['append', undefined, '127.0.0.1'],
    ['append', '203.0.113.7', '203.0.113.7, 127.0.0.1'],
    ['preserve', '203.0.113.7', '203.0.113.7'],
    ['preserve', undefined, undefined],
    ['remove', '203.0.113.7', undefined],
  ];
  it.each(FORWARDED_FOR)('with X-Forwarded-For mode %s turns %s into %s', async (mode, sent, got) => {
    const target = await startTarget();
    const balancer = await behind(target, { attributes: { 'routing.http.xff_header_processing.mode': mode } });
    await ask(balancer.port, { headers: sent === undefined ? {} : { 'x-forwarded-for': sent } });
    expect(target.requests[0]?.headers['x-forwarded-for']).toBe(got);
  });

  it("has the client's port in X-Forwarded-For where the attribute says so", async () => {
    const target = await startTarget();
    const balancer = await behind(target, { attributes: { 'routing.http.xff_client_port.enabled': 'true' } });
    await ask(balancer.port);
    expect(target.requests[0]?.headers['x-forwarded-for']).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('says protocol and port of the listener, not those of the client', async () => {
    const target = await startTarget();
    const balancer = await behind(target);
    await ask(balancer.port, { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-port': '1' } });
    expect(target.requests[0]?.headers).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-port': '80' });
    expect(target.requests[0]?.headers['x-amzn-trace-id']).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  });

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#host-header-preservation */
  const HOSTS: [port: number, preserve: string, sent: string, got: string][] = [
    [80, 'false', 'example.com', 'example.com'],
    [80, 'false', 'example.com:80', 'example.com'],
    [80, 'true', 'example.com:80', 'example.com:80'],
    [8080, 'false', 'example.com', 'example.com:8080'],
    [8080, 'true', 'example.com', 'example.com'],
    [80, 'false', 'localhost:3333', 'localhost:3333'],
  ];
  it.each(HOSTS)('on port %i, preserving %s, turns host %s into %s', async (Port, preserve, sent, got) => {
    const target = await startTarget();
    const balancer = await behind(target, {
      attributes: { 'routing.http.preserve_host_header.enabled': preserve },
      listener: { Port },
    });
    await ask(balancer.port, { headers: { host: sent } });
    expect(target.requests[0]?.headers.host).toBe(got);
  });

  it('loses headers with invalid names where the attribute says so', async () => {
    const target = await startTarget();
    const balancer = await behind(target, {
      attributes: { 'routing.http.drop_invalid_header_fields.enabled': 'true' },
    });
    await ask(balancer.port, { headers: { bad_name: '1', 'good-name': '2' } });
    expect(target.requests[0]?.headers).toMatchObject({ 'good-name': '2' });
    expect(target.requests[0]?.headers).not.toHaveProperty('bad_name');
  });

  it('keeps duplicates of response headers', async () => {
    const target = await startTarget((_, outgoing) => {
      outgoing.setHeader('set-cookie', ['a=1', 'b=2']);
      outgoing.end();
    });
    const balancer = await behind(target);
    expect((await ask(balancer.port)).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  it('reuses the connection to its target', async () => {
    const target = await startTarget();
    const balancer = await behind(target);
    let connections = 0;
    target.server.on('connection', () => (connections += 1));
    await ask(balancer.port);
    await ask(balancer.port);
    expect(connections).toBe(1);
  });

  it('streams: the first bytes arrive while the target still holds the rest', async () => {
    let finish: () => void = () => undefined;
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url === '/health') {
        outgoing.end();
        return;
      }
      outgoing.write('first');
      finish = () => outgoing.end('last');
    });
    const balancer = await behind(target);
    const body = await new Promise<string>((resolve) => {
      request({ host: '127.0.0.1', port: balancer.port }, (incoming) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          if (text === 'first') finish();
        });
        incoming.on('end', () => {
          resolve(text);
        });
      }).end();
    });
    expect(body).toBe('firstlast');
  });

  it('streams towards the target too', async () => {
    let received = '';
    const target = await startTarget((incoming, outgoing) => {
      incoming.on('data', (chunk: Buffer) => (received += chunk.toString()));
      incoming.on('end', () => outgoing.end());
    });
    const balancer = await behind(target);
    const outgoing = request({ host: '127.0.0.1', port: balancer.port, method: 'POST' });
    outgoing.write('part one');
    await until(() => received === 'part one');
    const ended = new Promise((resolve) => outgoing.on('response', (incoming) => incoming.resume().on('end', resolve)));
    outgoing.end(', part two');
    await ended;
    expect(received).toBe('part one, part two');
  });

  it('waits for a slow client instead of keeping what it has not read', async () => {
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url === '/health') {
        outgoing.end();
        return;
      }
      const write = (): void => {
        while (written < 200 * chunk.length) {
          written += chunk.length;
          if (!outgoing.write(chunk)) {
            outgoing.once('drain', write);
            return;
          }
        }
        outgoing.end();
      };
      write();
    });
    const balancer = await behind(target);
    const incoming = await new Promise<IncomingMessage>((resolve) => {
      request({ host: '127.0.0.1', port: balancer.port }, resolve).end();
    });
    let before = -1;
    // What lies in the buffers of the sockets stops growing although the client reads nothing.
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(200 * chunk.length);
    let size = 0;
    for await (const part of incoming) size += (part as Buffer).length;
    expect(size).toBe(200 * chunk.length);
  });

  it('ends at the target when the client leaves, which is logged as 460', async () => {
    let closed = false;
    const events: BalancerEvent[] = [];
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url === '/health') outgoing.end();
      outgoing.on('close', () => (closed ||= incoming.url !== '/health'));
    });
    const balancer = await behind(target, { options: { onRequest: (event) => events.push(event) } });
    const outgoing = request({ host: '127.0.0.1', port: balancer.port });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await until(() => target.requests.length === 1);
    outgoing.destroy();
    await until(() => closed && events.length === 1);
    expect(events[0]).toMatchObject({ status: 460, target: `127.0.0.1:${String(target.port)}`, rule: 'default' });
  });
});

/** A target that is healthy at another port, and not to be connected to at its own. */
async function behindFullPort() {
  const events: BalancerEvent[] = [];
  const health = await startTarget();
  const balancer = await startBalancer({
    groups: [targetGroup('arn:group', { HealthCheckPort: String(health.port) })],
    options: { onRequest: (event) => events.push(event) },
  });
  await registerHealthy(balancer, 'arn:group', { host: '127.0.0.1', port: await fullPort() });
  return { balancer, events };
}

describe('an error of the load balancer', () => {
  /** Bodies have ALB's own lengths: 122, 162 and 132 bytes. */
  it('is 502 when the target closes the connection without an answer', async () => {
    const target = await startTarget((incoming, outgoing) =>
      incoming.url === '/health' ? outgoing.end() : incoming.socket.destroy(),
    );
    const balancer = await behind(target);
    const answer = await ask(balancer.port);
    expect(answer.status).toBe(502);
    expect(answer.headers).toMatchObject({
      server: 'awselb/2.0',
      'content-type': 'text/html',
      'content-length': '122',
    });
    expect(answer.body).toContain('<center><h1>502 Bad Gateway</h1></center>');
  });

  it('is 502 when the target refuses the connection', async () => {
    const target = await startTarget();
    const balancer = await behind(target);
    await target.close();
    expect((await ask(balancer.port)).status).toBe(502);
  });

  it('is 502 when the target does not speak HTTP', async () => {
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url === '/health') outgoing.end();
      else incoming.socket.end('nonsense\r\n\r\n');
    });
    const balancer = await behind(target);
    expect((await ask(balancer.port)).status).toBe(502);
  });

  it('is 400 when the client does not speak HTTP', async () => {
    const balancer = await startBalancer();
    const socket = connect(balancer.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.write('nonsense\r\n\r\n');
    await until(() => text.endsWith('</html>\r\n'));
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nserver: awselb\/2\.0\r\n[\s\S]*400 Bad Request/);
  });

  it('is 502 when the response headers exceed 32 KB', async () => {
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url !== '/health') outgoing.setHeader('x-large', 'a'.repeat(40_000));
      outgoing.end();
    });
    const balancer = await behind(target);
    expect((await ask(balancer.port)).status).toBe(502);
  });

  it('is 503 when no target is registered', async () => {
    const balancer = await startBalancer();
    const answer = await ask(balancer.port);
    expect([answer.status, answer.headers['content-length']]).toEqual([503, '162']);
  });

  it('is 504 when the target is silent for the idle timeout', async () => {
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url === '/health') outgoing.end();
    });
    const balancer = await behind(target, { attributes: { 'idle_timeout.timeout_seconds': '1' } });
    const answer = await ask(balancer.port);
    expect([answer.status, answer.headers['content-length']]).toEqual([504, '132']);
  });

  it.runIf(canFillPorts)('is 504 when there is no connection to the target within 10 s', async () => {
    const { balancer, events } = await behindFullPort();
    stopTimers();
    const answer = ask(balancer.port);
    expect(await passTimer(10_000)).toBe(true);
    expect((await answer).status).toBe(504);
    expect(events[0]?.reason).toBe('no connection to the target within 10 s');
  });

  it('after the first byte is a broken connection', async () => {
    const target = await startTarget((incoming, outgoing) => {
      if (incoming.url === '/health') {
        outgoing.end();
        return;
      }
      outgoing.write('some');
      setImmediate(() => incoming.socket.destroy());
    });
    const balancer = await behind(target);
    await expect(ask(balancer.port)).rejects.toThrow();
  });

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html */
  const REFUSALS: [why: string, status: number, request: Parameters<typeof ask>[1]][] = [
    ['the method is TRACE', 405, { method: 'TRACE' }],
    ['the request line exceeds 16 KB', 414, { path: `/${'a'.repeat(17_000)}` }],
    ['a header exceeds 16 KB', 400, { headers: { 'x-large': 'a'.repeat(17_000) } }],
    [
      'all headers exceed 64 KB',
      400,
      { headers: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`x-${String(i)}`, 'a'.repeat(15_000)])) },
    ],
    [
      'X-Forwarded-For has more than 30 addresses',
      463,
      { headers: { 'x-forwarded-for': Array<string>(31).fill('10.0.0.1').join(', ') } },
    ],
  ];
  it.each(REFUSALS)('%s: %i', async (_, status, options) => {
    const target = await startTarget();
    const balancer = await behind(target);
    expect((await ask(balancer.port, options)).status).toBe(status);
    expect(target.requests).toHaveLength(0);
  });
});
