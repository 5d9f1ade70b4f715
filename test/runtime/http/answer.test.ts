import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';

import { Header } from '../../../contract';
import { type Verdict, encodeVerdict } from '../../../runtime/cache/verdict';
import { AnswerPolicy } from '../../../runtime/http/answer';
import type { RequestContext } from '../../../runtime/http/context';
import { NEVER_STORED } from '../../../runtime/http/policy';
import { ProxiedPaths } from '../../../runtime/http/proxied-paths';
import { createRequestContext } from '../../../runtime/http/request-context';
import { silentLog } from '../../../runtime/log';
import { type Answered, type AskOptions, withServer } from '../with-server';

const ISR = 's-maxage=60, stale-while-revalidate=31535940';
const VERDICT: Verdict = { kind: 'APP_PAGE', tags: ['a'], stamp: { versions: new Map(), horizon: 1 }, fresh: true };
const HEADERS = { 'x-nextjs-cache': 'HIT', 'Cache-Control': ISR };

interface World {
  moved?: boolean;
  mirror?: boolean;
  cacheTagHeader?: string;
}

type App = (response: ServerResponse, context: RequestContext) => void;

/** What leaves a server whose app answers as given. */
function answered(app: App, world: World = {}, options?: AskOptions): Promise<Answered> {
  const policy = new AnswerPolicy({
    namespace: 'n',
    notFoundMaxAge: 10,
    cacheTagHeader: world.cacheTagHeader ?? Header.CACHE_TAG,
    proxied: new ProxiedPaths([], ''),
    imagePath: undefined,
    judge: {
      judge: ({ fresh }) => ({ fresh, moved: world.moved ?? false }),
      mirrorIsCurrent: () => world.mirror ?? true,
    },
    log: silentLog,
  });
  const listener: RequestListener = (request, response) => {
    const context = createRequestContext(request, response);
    policy.attach(request, response, context);
    app(response, context);
  };
  return withServer(listener, (ask) => ask('/', options));
}

describe('an answer', () => {
  it('says its tags in the header by which the distribution reads them', async () => {
    const app: App = (response) =>
      response.writeHead(200, { ...HEADERS, [Header.VERDICT]: encodeVerdict(VERDICT) }).end();
    const { headers } = await answered(app, { cacheTagHeader: 'edge-tags' });
    expect(headers).toHaveProperty('edge-tags');
    expect(headers).not.toHaveProperty(Header.CACHE_TAG);
  });

  it('never carries the verdict out, however its headers are written', async () => {
    const verdict = encodeVerdict(VERDICT);
    const ways: App[] = [
      (response) => response.setHeader(Header.VERDICT, verdict).end(),
      (response) => response.writeHead(200, { [Header.VERDICT]: verdict }).end(),
      (response) => response.writeHead(200, 'OK', { [Header.VERDICT]: verdict }).end(),
      (response) => response.writeHead(200, [Header.VERDICT, verdict, 'x-other', '1']).end(),
      (response) => {
        response.setHeader(Header.VERDICT, verdict);
        response.flushHeaders();
        response.end();
      },
    ];
    for (const way of ways) expect((await answered(way)).headers).not.toHaveProperty(Header.VERDICT);
  });

  it('keeps what was given to writeHead, repeated headers included', async () => {
    const pairs = ['x-a', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2'];
    const { headers } = await answered((response) => response.writeHead(200, pairs).end());
    expect(headers).toMatchObject({ 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] });
  });

  it('keeps its whole lifetime on the verdict in its header, even without one in the context', async () => {
    const { headers } = await answered((response) =>
      response.writeHead(200, { ...HEADERS, [Header.VERDICT]: encodeVerdict(VERDICT) }).end(),
    );
    expect(headers['cache-control']).toBe(ISR);
    expect(String(headers[Header.CACHE_TAG]).split(',')).toHaveLength(3);
  });

  it('is proved by the context where Next copies no header', async () => {
    const { headers } = await answered((response, context) => {
      context.verdicts.push({ ...VERDICT, kind: 'PAGES' });
      response.writeHead(200, HEADERS).end();
    });
    expect(headers['cache-control']).toBe(ISR);
  });

  it('is proved by nothing less than all that the context knows', async () => {
    const { headers } = await answered((response, context) => {
      context.verdicts.push({ ...VERDICT, kind: 'PAGES', fresh: false }, { ...VERDICT, kind: 'PAGES' });
      response.writeHead(200, HEADERS).end();
    });
    expect(headers['cache-control']).toBe('s-maxage=1');
  });

  it.each<[string, World]>([
    ['a tag moved', { moved: true }],
    ['the mirror is not current', { mirror: false }],
  ])('is kept for a second when %s', async (_, world) => {
    const { headers } = await answered(
      (response) => response.writeHead(200, { ...HEADERS, [Header.VERDICT]: encodeVerdict(VERDICT) }).end(),
      world,
    );
    expect(headers['cache-control']).toBe('s-maxage=1');
  });

  it('cannot be given tags by the app', async () => {
    const { headers } = await answered((response) => response.writeHead(200, { [Header.CACHE_TAG]: 'mine' }).end());
    expect(headers).not.toHaveProperty(Header.CACHE_TAG);
  });

  it('in draft mode is never stored, whatever else the request carries', async () => {
    const cookie = 'theme=dark; __prerender_bypass=x';
    const { headers } = await answered(
      (response) => response.writeHead(200, HEADERS).end(),
      {},
      { headers: { cookie } },
    );
    expect(headers['cache-control']).toBe(NEVER_STORED);
  });

  it('is not held back by proxies when it streams', async () => {
    const whole = await answered((response) => response.setHeader('content-length', 1).end('a'));
    expect(whole.headers).not.toHaveProperty('x-accel-buffering');
    const streamed = await answered((response) => {
      response.write('a');
      response.end('b');
    });
    expect(streamed.headers['x-accel-buffering']).toBe('no');
  });
});

describe('an answer whose tag write failed', () => {
  const failLater = (context: RequestContext): void => {
    const write = new Promise((resolve) => setImmediate(resolve)).then(() => {
      context.failedTagWrite = { tags: ['a'], error: new Error('table is gone') };
    });
    context.holdAnswerFor(write);
  };

  it('becomes a 500, although the app said 200 long before', async () => {
    const { status, headers, body } = await answered((response, context) => {
      failLater(context);
      response.writeHead(200, { 'content-type': 'application/json', etag: '"1"' });
      response.write('{"ok":');
      response.end('true}');
    });
    expect(status).toBe(500);
    expect(headers).toMatchObject({ 'cache-control': NEVER_STORED, 'content-type': 'text/plain; charset=utf-8' });
    expect(headers).not.toHaveProperty('etag');
    expect(body).not.toContain('ok');
    expect(body).toContain('could not be recorded');
  });

  it('becomes a 500 where the failure was known before', async () => {
    const { status, headers } = await answered((response, context) => {
      context.failedTagWrite = { tags: ['a'], error: new Error('table is gone') };
      response.writeHead(200, HEADERS).end();
    });
    expect([status, headers['cache-control']]).toEqual([500, NEVER_STORED]);
  });
});

describe('an answer whose tag write succeeds', () => {
  it('leaves as the app gave it, after the write', async () => {
    let written = false;
    const { status, body, headers } = await answered((response, context) => {
      const write = new Promise((resolve) => setImmediate(resolve)).then(() => {
        written = true;
      });
      context.holdAnswerFor(write);
      response.statusCode = 201;
      response.setHeader('x-app', '1');
      response.write('first ');
      response.end('second');
      expect(written).toBe(false);
    });
    expect([status, body, headers['x-app'], written]).toEqual([201, 'first second', '1', true]);
  });

  it('waits for every write of its request', async () => {
    const order: string[] = [];
    await answered((response, context) => {
      for (const name of ['one', 'two']) {
        const turns = name === 'one' ? 1 : 3;
        context.holdAnswerFor(waitTurns(turns).then(() => order.push(name)));
      }
      response.once('finish', () => order.push('answered'));
      response.end();
    });
    expect(order).toEqual(['one', 'two', 'answered']);
  });

  it('is not held when it is on its way already', async () => {
    const { body } = await answered((response, context) => {
      response.write('first ');
      context.holdAnswerFor(new Promise(() => undefined));
      response.end('second');
    });
    expect(body).toBe('first second');
  });
});

async function waitTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
