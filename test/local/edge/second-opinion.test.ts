import { type IncomingMessage, request, type ServerResponse } from 'node:http';

import { beforeAll, describe, expect, it } from 'vitest';

import { CACHING_PROXIES, type CachingProxy, type CachingProxyMaker } from './caching-proxies';
import { closeAll, startOrigin, type TestOrigin, until } from './support';

const VIEWERS = 10;

const CACHE_CONTROL: Readonly<Record<string, string>> = {
  '/stale': 'max-age=1, stale-while-revalidate=60',
  '/lasting': 'max-age=1, stale-while-revalidate=60, stale-if-error=60',
  '/second': 'max-age=1',
  '/long': 'max-age=60',
  '/stream': 'no-store',
};

/** Answers by its script, counts what it is asked, and holds answers back where the test wants it to. */
class ScriptedOrigin {
  static async start(): Promise<ScriptedOrigin> {
    const script: { origin?: ScriptedOrigin } = {};
    const server = await startOrigin((incoming, response) => {
      script.origin?.answer(incoming.url ?? '/', response);
    });
    return (script.origin = new ScriptedOrigin(server));
  }

  isHolding = false;
  private readonly counts = new Map<string, number>();
  private readonly held: (() => void)[] = [];

  private constructor(readonly server: TestOrigin) {}

  asked(path: string): number {
    return this.counts.get(path) ?? 0;
  }

  release(): void {
    this.isHolding = false;
    for (const send of this.held.splice(0)) send();
  }

  private answer(path: string, response: ServerResponse): void {
    const count = this.asked(path) + 1;
    this.counts.set(path, count);
    response.writeHead(200, {
      // What is fetched anew stays fresh for as long as the test looks at it.
      'cache-control': path === '/stale' && count > 1 ? 'max-age=60' : (CACHE_CONTROL[path] ?? 'no-store'),
      // What nginx is told not to buffer it does not keep either.
      ...(path === '/stream' && { 'x-accel-buffering': 'no' }),
    });
    const end = (): void => void response.end(`answer ${count}`);
    if (this.isHolding) this.held.push(end);
    else end();
    if (path === '/stream') response.write('first ');
  }
}

/** People in front of a cache. */
class Viewers {
  constructor(private readonly proxy: CachingProxy) {}

  open(path: string, onSent?: () => void): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.proxy.port, path, agent: false }, resolve);
      sent.on('error', reject).on('socket', (socket) => socket.on('connect', () => onSent?.()));
      sent.end();
    });
  }

  async get(path: string, onSent?: () => void): Promise<string> {
    const response = await this.open(path, onSent);
    let text = '';
    for await (const piece of response as AsyncIterable<Buffer>) text += piece.toString();
    return text;
  }

  /** Asks at the same time. Fulfilled when all are on their way. */
  async crowd(path: string): Promise<{ readonly answers: Promise<string[]> }> {
    let sent = 0;
    const answers = Promise.all(Array.from({ length: VIEWERS }, () => this.get(path, () => sent++)));
    await until(() => sent === VIEWERS);
    return { answers };
  }
}

/** One origin and one cache for all that is asked of them, as starting some takes seconds. */
class Scene {
  static async start(maker: CachingProxyMaker): Promise<Scene> {
    const origin = await ScriptedOrigin.start();
    return new Scene(origin, await maker.start(origin.server));
  }

  readonly viewers: Viewers;

  private constructor(
    readonly origin: ScriptedOrigin,
    private readonly proxy: CachingProxy,
  ) {
    this.viewers = new Viewers(proxy);
  }

  /** Fulfilled when what was kept for a second before this is not fresh any more: what is kept from now on has been asked for again. */
  async pass(): Promise<void> {
    const { viewers, origin } = this;
    await viewers.get('/second');
    const before = origin.asked('/second');
    while (origin.asked('/second') === before) await viewers.get('/second');
  }

  async close(): Promise<void> {
    this.origin.release();
    await this.proxy.close();
    await closeAll();
  }
}

/** CloudFront cannot be asked here. What three caches agree on is what the words of `Cache-Control` mean. */
describe.each(CACHING_PROXIES)('$name', (maker) => {
  const run = it.runIf(maker.isInstalled);
  let scene: Scene;

  beforeAll(async () => {
    if (!maker.isInstalled) return undefined;
    scene = await Scene.start(maker);
    return () => scene.close();
  });

  run('asks the origin once for all who come for what it does not have', async () => {
    const { origin, viewers } = scene;
    origin.isHolding = true;
    const { answers } = await viewers.crowd('/long');
    await until(() => origin.asked('/long') === 1);
    origin.release();
    expect(new Set(await answers)).toEqual(new Set(['answer 1']));
    expect(origin.asked('/long')).toBe(1);
  });

  run('gives everybody what is stale while it asks once for what is fresh', async () => {
    const { origin, viewers } = scene;
    await viewers.get('/stale');
    await scene.pass();
    origin.isHolding = true;
    const { answers } = await viewers.crowd('/stale');
    expect(new Set(await answers)).toEqual(new Set(['answer 1']));
    await until(() => origin.asked('/stale') === 2);
    origin.release();
    let seen = '';
    while (seen !== 'answer 2') seen = await viewers.get('/stale');
    expect(origin.asked('/stale')).toBe(2);
  });

  run('passes a stream on while it comes', async () => {
    const { origin, viewers } = scene;
    origin.isHolding = true;
    const pieces = (await viewers.open('/stream')).setEncoding('utf8').iterator() as AsyncIterator<string>;
    expect((await pieces.next()).value).toBe('first ');
    origin.release();
    expect((await pieces.next()).value).toBe('answer 1');
  });

  run('gives what is stale while the origin is gone', async () => {
    const { origin, viewers } = scene;
    await viewers.get('/lasting');
    await scene.pass();
    await origin.server.close();
    expect([await viewers.get('/lasting'), await viewers.get('/lasting')]).toEqual(['answer 1', 'answer 1']);
  });
});
