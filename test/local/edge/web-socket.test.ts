import type { IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { afterEach, describe, expect, it, vi } from 'vitest';

import {
  CONNECTION_ATTEMPTS,
  CONNECTION_TIMEOUT,
  FUNCTION_EVENT,
  WEB_SOCKET_LIMITS,
  WEB_SOCKETS,
} from './documentation';
import {
  ALL_VIEWER,
  closeAll,
  edgeFunction,
  startEdge,
  startOrigin,
  until,
  type TestEdge,
  type TestEdgeOptions,
} from './support';
import { canFillPorts, fullPort, passTimer, stopTimers } from '../full-port';

afterEach(async () => {
  vi.useRealTimers();
  await closeAll();
});

const FUNCTION_ARN = 'arn:aws:cloudfront::000000000000:function/f';

class SocketViewer {
  text = '';
  closed = false;
  readonly left: Promise<void>;
  private readonly socket: Socket;

  constructor(edge: TestEdge) {
    this.socket = connect(edge.port, '127.0.0.1');
    this.socket.on('data', (data) => (this.text += data.toString()));
    this.left = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.closed = true;
        resolve();
      });
    });
    this.socket.on('error', () => undefined);
    this.write(
      'GET /ws?a=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n',
    );
  }

  write(text: string): void {
    this.socket.write(text);
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** An origin that repeats what it is sent, and its handshakes. */
async function echoing(options: TestEdgeOptions = {}) {
  const handshakes: IncomingHttpHeaders[] = [];
  const tunnels: Duplex[] = [];
  const origin = await startOrigin();
  origin.server.on('upgrade', ({ headers }, socket) => {
    handshakes.push(headers);
    tunnels.push(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (data: Buffer) => socket.write(`echo ${data.toString()}`));
  });
  const behavior = { OriginRequestPolicyId: ALL_VIEWER, ...options.behavior };
  const edge = await startEdge(origin, { ...options, behavior });
  return { edge, handshakes, tunnels };
}

describe('a WebSocket', () => {
  it(`is handed through both ways, with its headers (${WEB_SOCKETS})`, async () => {
    const { edge, handshakes } = await echoing();
    const viewer = new SocketViewer(edge);
    await until(() => viewer.text.endsWith('\r\n\r\n'));
    viewer.write('hello');
    await until(() => viewer.text.includes('echo hello'));
    viewer.leave();
    expect(handshakes).toMatchObject([{ 'sec-websocket-key': 'k', upgrade: 'websocket' }]);
  });

  it(`stands in the log of requests when it has ended (${WEB_SOCKETS})`, async () => {
    const { edge, handshakes } = await echoing();
    const viewer = new SocketViewer(edge);
    await until(() => viewer.text.endsWith('\r\n\r\n'));
    expect(edge.events).toEqual([]);
    viewer.leave();
    const [event] = await edge.logged(1);
    expect(event).toMatchObject({
      method: 'GET',
      url: '/ws?a=1',
      status: 101,
      result: 'Miss',
      reason: 'not kept: a WebSocket',
      behavior: '*',
      origin: { originId: 'app', attempts: 1 },
    });
    expect(handshakes[0]?.['x-amz-cf-id']).toBe(event?.requestId);
  });

  it(`passes the viewer-request function of its behaviour (${FUNCTION_EVENT})`, async () => {
    const code = 'function handler(event) { event.request.headers["x-seen"] = { value: "yes" }; return event.request }';
    const { edge, handshakes } = await echoing({
      behavior: { FunctionAssociations: [{ EventType: 'viewer-request', FunctionARN: FUNCTION_ARN }] },
      resources: [edgeFunction('f', code)],
    });
    const viewer = new SocketViewer(edge);
    await until(() => viewer.text.endsWith('\r\n\r\n'));
    expect(handshakes[0]?.['x-seen']).toBe('yes');
    viewer.leave();
    expect((await edge.logged(1))[0]?.functions).toMatchObject([{ name: 'f', eventType: 'viewer-request' }]);
  });

  it(`is answered by a function that answers itself (${FUNCTION_EVENT})`, async () => {
    const { edge, handshakes } = await echoing({
      behavior: { FunctionAssociations: [{ EventType: 'viewer-request', FunctionARN: FUNCTION_ARN }] },
      resources: [edgeFunction('f', 'function handler() { return { statusCode: 401, body: "who are you?" } }')],
    });
    const viewer = new SocketViewer(edge);
    await until(() => viewer.closed);
    expect(viewer.text).toMatch(/^HTTP\/1\.1 401 [\s\S]*x-cache: FunctionGeneratedResponse[\s\S]*who are you\?$/);
    expect(handshakes).toEqual([]);
  });

  it(`to an origin that cannot be reached is answered with 502, and logged (${WEB_SOCKETS})`, async () => {
    const origin = await startOrigin();
    await origin.close();
    const edge = await startEdge(origin);
    const viewer = new SocketViewer(edge);
    await until(() => viewer.closed);
    expect(viewer.text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect((await edge.logged(1))[0]).toMatchObject({ status: 502, result: 'Error' });
  });

  it(`connects to its origin as often as the attempts say (${CONNECTION_ATTEMPTS})`, async () => {
    let tries = 0;
    const origin = await startOrigin();
    origin.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    const edge = await startEdge(undefined, {
      origin: { ConnectionAttempts: 3 },
      // Nobody listens before the last attempt.
      options: { hosts: { resolve: () => ({ host: '127.0.0.1', port: (tries += 1) < 3 ? 1 : origin.port }) } },
    });
    const viewer = new SocketViewer(edge);
    await viewer.left;
    expect(viewer.text).toMatch(/^HTTP\/1\.1 101 /);
    expect((await edge.logged(1))[0]).toMatchObject({ status: 101, origin: { attempts: 3 } });
  });

  it.runIf(canFillPorts)(
    `that gets no connection to its origin is answered with 504 (${CONNECTION_TIMEOUT})`,
    async () => {
      const edge = await startEdge(undefined, { hosts: { 'app.example': await fullPort() } });
      stopTimers();
      const viewer = new SocketViewer(edge);
      for (let attempt = 1; attempt <= 3; attempt++) expect(await passTimer(10_000)).toBe(true);
      await viewer.left;
      expect(viewer.text).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
    },
  );

  it(`that its origin answers otherwise gets that answer (${WEB_SOCKETS})`, async () => {
    const edge = await startEdge(await startOrigin((_, response) => response.writeHead(426).end('no')));
    const viewer = new SocketViewer(edge);
    await until(() => viewer.text.includes('426'));
    viewer.leave();
    expect((await edge.logged(1))[0]).toMatchObject({ status: 426, result: 'Error' });
  });

  it(`is closed when its origin has sent nothing for ten minutes (${WEB_SOCKET_LIMITS})`, async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const { edge, tunnels } = await echoing();
    const viewer = new SocketViewer(edge);
    await until(() => viewer.text.endsWith('\r\n\r\n'));
    vi.advanceTimersByTime(9 * 60_000);
    tunnels[0]?.write('tick');
    await until(() => viewer.text.endsWith('tick'));
    vi.advanceTimersByTime(9 * 60_000);
    // What the viewer sends, and the origin leaves unanswered, does not count.
    tunnels[0]?.removeAllListeners('data');
    viewer.write('hello');
    expect(viewer.closed).toBe(false);
    vi.advanceTimersByTime(61_000);
    await until(() => viewer.closed);
  });
});
