import { request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { CANCELED, COLLAPSING, DROPPED_CONNECTIONS, TRANSFER_ENCODING } from './documentation';
import {
  ALL_VIEWER,
  CACHING_DISABLED,
  cachePolicy,
  closeAll,
  resultOf,
  startEdge,
  startOrigin,
  until,
  type TestEdge,
} from './support';

afterEach(closeAll);

/** A viewer that reads as it goes. */
class StreamingViewer {
  text = '';
  ended = false;
  broken = false;
  incoming: IncomingMessage | undefined;
  private readonly outgoing;

  constructor(edge: TestEdge, path = '/', read = true) {
    this.outgoing = request({ host: '127.0.0.1', port: edge.port, path, agent: false }, (incoming) => {
      this.incoming = incoming;
      if (!read) return;
      incoming.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
      incoming.on('end', () => (this.ended = true));
      incoming.on('error', () => (this.broken = true));
    });
    this.outgoing.on('error', () => (this.broken = true));
    this.outgoing.end();
  }

  leave(): void {
    this.outgoing.destroy();
  }
}

/** An origin's answers, in the hands of the test. */
class HeldAnswers {
  readonly responses: ServerResponse[] = [];
  closed = 0;

  constructor(private readonly headers: Record<string, string> = { 'cache-control': 's-maxage=60' }) {}

  get listener(): RequestListener {
    return (_, response) => {
      this.responses.push(response);
      response.on('close', () => (this.closed += response.writableFinished ? 0 : 1));
    };
  }

  begin(text: string, index = 0): void {
    this.responses[index]?.writeHead(200, this.headers).write(text);
  }

  write(text: string, index = 0): void {
    this.responses[index]?.write(text);
  }

  end(text: string, index = 0): void {
    this.responses[index]?.end(text);
  }
}

describe('a stream', () => {
  it(`is passed on as it comes: the first byte before the last exists (${TRANSFER_ENCODING})`, async () => {
    const held = new HeldAnswers({ 'cache-control': 'private, no-store' });
    const edge = await startEdge(await startOrigin(held.listener));
    const viewer = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    held.begin('one ');
    await until(() => viewer.text === 'one ');
    held.write('two ');
    await until(() => viewer.text === 'one two ');
    held.end('three');
    await until(() => viewer.ended);
    expect(viewer.text).toBe('one two three');
  });

  it(`shows its headers before its first byte (${TRANSFER_ENCODING})`, async () => {
    const held = new HeldAnswers({ 'cache-control': 'private', 'x-early': 'yes' });
    const edge = await startEdge(await startOrigin(held.listener));
    const viewer = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    held.responses[0]?.writeHead(200, { 'x-early': 'yes' }).flushHeaders();
    await until(() => viewer.incoming?.headers['x-early'] === 'yes');
    held.end('');
    await until(() => viewer.ended);
  });

  it(`ends at the origin when its viewer leaves, and is not kept (${CANCELED})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener));
    const viewer = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    held.begin('some');
    await until(() => viewer.text === 'some');
    viewer.leave();
    await until(() => held.closed === 1);
    expect(edge.edge.stored.objects).toBe(0);
    expect((await edge.logged(1))[0]).toMatchObject({ complete: false, status: 200 });
  });

  it(`ends at the origin when its viewer leaves before the first byte (${CANCELED})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener));
    const viewer = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    viewer.leave();
    await until(() => held.closed === 1);
  });

  it(`that breaks off is broken for the viewer too, and is not kept (${DROPPED_CONNECTIONS})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener));
    const viewer = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    held.begin('some');
    await until(() => viewer.text === 'some');
    held.responses[0]?.destroy();
    await until(() => viewer.broken);
    expect(edge.edge.stored.objects).toBe(0);
  });

  const ENDINGS: [what: string, head: string, kept: boolean][] = [
    ['is shorter than its Content-Length is not kept', 'Content-Length: 10\r\n', false],
    ['is chunked and has no last chunk is not kept', 'Transfer-Encoding: chunked\r\n', false],
    ['says no length is kept as it came', '', true],
  ];
  it.each(ENDINGS)(`whose connection closes and that %s (${DROPPED_CONNECTIONS})`, async (_, head, kept) => {
    const body = head.startsWith('Transfer') ? '4\r\nsome\r\n' : 'some';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nCache-Control: s-maxage=60\r\n${head}\r\n${body}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const edge = await startEdge(undefined, { hosts: { 'app.example': port } });
    const text = await edge.get('/').then(
      (answer) => answer.body,
      () => 'broken',
    );
    server.close();
    expect([text, edge.edge.stored.objects]).toEqual(kept ? ['some', 1] : ['broken', 0]);
  });

  it(`waits for a slow viewer: what it has not read stays at the origin (${TRANSFER_ENCODING})`, async () => {
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const origin = await startOrigin((_, response) => {
      response.writeHead(200, { 'cache-control': 'private' });
      const write = (): void => {
        while (written < 400 * chunk.length) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
        response.end();
      };
      write();
    });
    const edge = await startEdge(origin);
    const viewer = new StreamingViewer(edge, '/', false);
    await until(() => viewer.incoming !== undefined);
    let before = -1;
    // What lies in the buffers of the sockets stops growing although the viewer reads nothing.
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(400 * chunk.length);
    let size = 0;
    for await (const part of viewer.incoming ?? []) size += (part as Buffer).length;
    expect(size).toBe(400 * chunk.length);
  });

  it('larger than the bound of an object is passed on, not kept', async () => {
    const size = 3 * 1024 * 1024;
    const origin = await startOrigin((_, response) =>
      response.writeHead(200, { 'cache-control': 's-maxage=60' }).end(Buffer.alloc(size)),
    );
    const edge = await startEdge(origin, { options: { cacheBytes: 1024 * 1024 } });
    const { bytes } = await edge.get('/');
    expect([bytes.length, edge.edge.stored.objects]).toEqual([size, 0]);
  });

  it('of many objects stays within the bound of the cache', async () => {
    const origin = await startOrigin((_, response) =>
      response.writeHead(200, { 'cache-control': 's-maxage=60' }).end(Buffer.alloc(50_000)),
    );
    const edge = await startEdge(origin, { options: { cacheBytes: 500_000 } });
    for (let i = 0; i < 30; i += 1) await edge.get(`/${String(i)}`);
    expect(edge.edge.stored.bytes).toBeLessThanOrEqual(500_000);
    expect(await edge.result('/29')).toBe('Hit');
    expect(await edge.result('/0')).toBe('Miss');
  });
});

describe('a thousand streams', () => {
  it('are open at once, each with its first part, while none has ended', async () => {
    const held = new HeldAnswers({ 'cache-control': 'private, no-store' });
    const edge = await startEdge(await startOrigin(held.listener), { behavior: { OriginRequestPolicyId: ALL_VIEWER } });
    const viewers = Array.from({ length: 1_000 }, (_, index) => new StreamingViewer(edge, `/${String(index)}`));
    await until(() => held.responses.length === viewers.length);
    for (const index of viewers.keys()) held.begin('first ', index);
    await until(() => viewers.every(({ text }) => text === 'first '));
    for (const index of viewers.keys()) held.end('last', index);
    await until(() => viewers.every(({ ended }) => ended));
    expect(viewers.every(({ text }) => text === 'first last')).toBe(true);
  });
});

describe('requests for one key at one time', () => {
  it(`are collapsed: the origin is asked once (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const origin = await startOrigin(held.listener);
    const edge = await startEdge(origin);
    const viewers = Array.from({ length: 10 }, () => edge.get('/'));
    await until(() => held.responses.length === 1);
    held.begin('shared ');
    held.end('answer');
    const answers = await Promise.all(viewers);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['shared answer']));
    expect(answers.map(resultOf).sort()).toEqual([...Array<string>(9).fill('Hit'), 'Miss']);
    expect(origin.requests).toHaveLength(1);
  });

  it(`share a stream: who comes later gets it from its first byte (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener));
    const first = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    held.begin('one ');
    await until(() => first.text === 'one ');
    const second = new StreamingViewer(edge);
    await until(() => second.text === 'one ');
    held.end('two');
    await until(() => first.ended && second.ended);
    expect([first.text, second.text]).toEqual(['one two', 'one two']);
  });

  it(`go on when the first viewer leaves (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener));
    const first = new StreamingViewer(edge);
    await until(() => held.responses.length === 1);
    const reads = edge.clockReads;
    const second = edge.get('/');
    await until(() => edge.clockReads > reads);
    first.leave();
    expect((await edge.logged(1))[0]).toMatchObject({ status: 0, reason: 'the viewer left before the answer' });
    held.begin('still ');
    held.end('there');
    expect((await second).body).toBe('still there');
    expect(held.responses).toHaveLength(1);
  });

  it(`go on when the first viewer leaves in the middle of the stream (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener));
    const [first, second] = [new StreamingViewer(edge), new StreamingViewer(edge)];
    await until(() => held.responses.length === 1);
    held.begin('one ');
    await until(() => first.text === 'one ' && second.text === 'one ');
    first.leave();
    await edge.logged(1);
    held.end('two');
    await until(() => second.ended);
    expect(second.text).toBe('one two');
    expect(edge.edge.stored.objects).toBe(1);
  });

  it(`are asked one by one where cookies are forwarded (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener), { behavior: { OriginRequestPolicyId: ALL_VIEWER } });
    const viewers = [edge.get('/'), edge.get('/'), edge.get('/')];
    await until(() => held.responses.length === 3);
    for (const index of [0, 1, 2]) held.end('', index);
    await Promise.all(viewers);
  });

  it(`are asked one by one under CachingDisabled (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const edge = await startEdge(await startOrigin(held.listener), { behavior: { CachePolicyId: CACHING_DISABLED } });
    const viewers = [edge.get('/'), edge.get('/')];
    await until(() => held.responses.length === 2);
    for (const index of [0, 1]) held.end('', index);
    await Promise.all(viewers);
  });

  const UNSHARED = ['private', 'no-store', 'no-cache', 'max-age=0', 's-maxage=0'];
  it.each(UNSHARED)(`wait, and then ask for themselves, when the answer says %s (${COLLAPSING})`, async (directive) => {
    let count = 0;
    const origin = await startOrigin((_, response) => {
      count += 1;
      response.writeHead(200, { 'cache-control': directive }).end(`answer ${String(count)}`);
    });
    const edge = await startEdge(origin);
    const answers = await Promise.all([edge.get('/'), edge.get('/'), edge.get('/')]);
    expect(answers.map(({ body }) => body).sort()).toEqual(['answer 1', 'answer 2', 'answer 3']);
    expect(answers.map(resultOf)).toEqual(['Miss', 'Miss', 'Miss']);
  });

  it(`are collapsed although the answer says no-cache, where MinTTL is above 0 (${COLLAPSING})`, async () => {
    const held = new HeldAnswers({ 'cache-control': 'no-cache' });
    const edge = await startEdge(await startOrigin(held.listener), {
      behavior: { CachePolicyId: 'kept' },
      resources: [cachePolicy('kept', { min: 1 })],
    });
    const viewers = [edge.get('/'), edge.get('/')];
    await until(() => held.responses.length === 1);
    held.begin('one');
    held.end('');
    expect((await Promise.all(viewers)).map(({ body }) => body)).toEqual(['one', 'one']);
    expect(held.responses).toHaveLength(1);
  });

  it(`share an error that is kept (${COLLAPSING})`, async () => {
    const held = new HeldAnswers();
    const origin = await startOrigin(held.listener);
    const edge = await startEdge(origin);
    const viewers = [edge.get('/'), edge.get('/')];
    await until(() => held.responses.length === 1);
    held.responses[0]?.writeHead(404).end('gone');
    expect((await Promise.all(viewers)).map(({ status }) => status)).toEqual([404, 404]);
    expect(origin.requests).toHaveLength(1);
  });
});
