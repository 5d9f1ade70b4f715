import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import type { Answered } from '../with-server';
import { type Failure, FaultyStores, interceptorOf } from './faulty-stores';
import { renderOf } from './page';
import { Fleet, type Replica } from './replicas';

/** How often a row is tried to be written; what is refused for good only once. */
const ATTEMPTS = 4;
/** A table that throttles takes it a moment later. */
const ATTEMPTS_THROTTLED = 12;

describe.each(requestedVersions())('revalidations that DynamoDB refuses to a replica of Next.js %s', (version) => {
  let app: PackedApp;
  let fleet: Fleet;
  let stores: FaultyStores;
  let replica: Replica;

  beforeAll(async () => {
    app = await PackedApp.pack(version);
    fleet = await Fleet.start(app, { replicas: 1 });
    stores = await FaultyStores.start(fleet);
    replica = await fleet.add({ environment: stores.environment });
    fleet.interceptor = interceptorOf(new Map([[replica, stores]]));
  });

  afterAll(async () => {
    await fleet.stop();
    await Promise.all([app.remove(), stores.close()]);
  });

  type Caller = readonly [caller: string, page: string, call: (page: string) => Promise<Answered>];

  const callers: readonly Caller[] = [
    ['revalidateTag(tag) in a route handler', '/posts/a', () => revalidate({ tags: ['post:a'] })],
    [
      "revalidateTag(tag, 'max') in a route handler",
      '/posts/b',
      () => revalidate({ tags: ['post:b'], profile: 'max' }),
    ],
    ['revalidatePath(path) in a route handler', '/posts/c', (path) => revalidate({ path })],
    ["revalidatePath(path, 'layout') in a route handler", '/posts/d', () => revalidate({ path: '/', type: 'layout' })],
    ['updateTag(tag) in a server action', '/posts/e', () => act({ tag: 'post:e' })],
    ["revalidateTag(tag, 'max') in a server action", '/posts/f', () => act({ tag: 'post:f', how: 'max' })],
    ['revalidatePath(path) in a server action', '/posts/g', (path) => act({ path })],
    ['res.revalidate(path)', '/legacy/h', (path) => replica.post('/api/legacy-revalidate', { path })],
  ];

  it.each(callers)('%s: are an error of the caller, and done when tried again', async (_, page, call) => {
    const old = renderOf(await untilHit(page));
    await stores.fail({ failure: 'denying', services: ['dynamodb'], operation: 'UpdateItem' });
    const refused = await call(page);
    expect([refused.status, refused.headers['cache-control']]).toEqual([500, expect.stringContaining('no-store')]);
    // Nothing was invalidated, and nothing is broken.
    expect(renderOf(await replica.ask(page))).toBe(old);
    await stores.mend();
    expect((await call(page)).status).toBeLessThan(400);
    await until(async () => renderOf(await replica.ask(page)) !== old);
  });

  it.each<[failure: Failure, attempts: number]>([
    ['denying', 1],
    ['failing', ATTEMPTS],
    ['throttling', ATTEMPTS_THROTTLED],
    ['hanging', ATTEMPTS],
  ])('are tried as often as it is worth: %s', async (failure, attempts) => {
    await stores.fail({ failure, services: ['dynamodb'], operation: 'UpdateItem' });
    fleet.forgetCalls();
    const { status } = await revalidate({ tags: [`post:${failure}`] });
    await stores.mend();
    expect([status, fleet.count({ replica, operation: 'UpdateItem' })]).toEqual([500, attempts]);
    expect(replica.server.log('cache.tagWriteFailed')).toMatchObject({ level: 'error' });
  });

  it('are awaited by res.revalidate() until the last attempt', async () => {
    const page = '/legacy/awaited';
    await untilHit(page);
    await stores.fail({ failure: 'failing', services: ['dynamodb'], operation: 'UpdateItem' });
    const { status } = await replica.post('/api/legacy-revalidate', { path: page });
    await stores.mend();
    expect(status).toBe(500);
  });

  it('are an error where it cannot be reached at all', async () => {
    await stores.fail({ failure: 'refusing', services: ['dynamodb'] });
    expect((await revalidate({ tags: ['post:refusing'] })).status).toBe(500);
    await stores.mend();
    await until(async () => (await revalidate({ tags: ['post:refusing'] })).status === 200);
  });

  it('are an error where only one of many tags is not written, and the others are', async () => {
    const old = renderOf(await untilHit('/posts/one'));
    let row = 0;
    fleet.interceptor = ({ operation }) => {
      if (operation !== 'UpdateItem' || (row += 1) !== 2) return undefined;
      return { kind: 'error', statusCode: 400, code: 'AccessDeniedException', message: 'The test is denying' };
    };
    expect((await revalidate({ tags: ['post:one', 'post:two', 'post:three'] })).status).toBe(500);
    fleet.interceptor = interceptorOf(new Map([[replica, stores]]));
    await until(async () => renderOf(await replica.ask('/posts/one')) !== old);
  });

  async function untilHit(page: string): Promise<Answered> {
    let answer = await replica.ask(page);
    await until(async () => {
      if (answer.headers['x-nextjs-cache'] === 'HIT') return true;
      answer = await replica.ask(page);
      return false;
    });
    return answer;
  }

  function revalidate(body: object): Promise<Answered> {
    return replica.post('/api/revalidate', body);
  }

  /** Sends the form as a browser without JavaScript does. */
  async function act(fields: Readonly<Record<string, string>>): Promise<Answered> {
    const page = (await replica.ask('/actions')).body;
    const form = /<form\b[^>]*>(.*?)<\/form>/s.exec(page)?.[1] ?? '';
    const hidden = [...form.matchAll(/<input\b[^>]*name="(\$ACTION[^"]*)"(?:[^>]*value="([^"]*)")?/g)];
    const all = [
      ...hidden.map(([, name = '', value = '']) => [name, value.replaceAll('&quot;', '"')]),
      ...Object.entries(fields),
    ];
    const boundary = 'boundary';
    const parts = all.map(
      ([name = '', value = '']) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    return replica.ask('/actions', {
      method: 'POST',
      headers: {
        host: 'shop.example.com',
        origin: 'http://shop.example.com',
        'content-type': `multipart/form-data; boundary=${boundary}`,
      },
      body: `${parts.join('')}--${boundary}--\r\n`,
    });
  }
});
