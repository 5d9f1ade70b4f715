import { request } from 'node:http';

import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { ControlServer, type ControlledStack } from '../../../local/control';
import { prepareAssets } from '../../fixtures/prepare';
import { ObservedStack } from './observed-stack';

async function startControl() {
  const stack = Object.assign(new ObservedStack(), { state: { stack: 'Shop' } });
  const control = new ControlServer();
  await control.listen(stack as unknown as ControlledStack, 0);
  onTestFinished(() => control.close());
  const { url } = control;
  const post = (path: string, body: unknown) => fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  return { url, post, stack };
}

async function json(response: Promise<Response>): Promise<unknown> {
  return (await response).json();
}

/** `fetch` sets no headers of these names. */
function statusOf(url: string, method: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the control server on requests', () => {
  it('lists the latest ones', async () => {
    const { url } = await startControl();
    expect(await json(fetch(`${url}/requests`))).toEqual([{ id: 'one', limit: 100 }]);
    expect(await json(fetch(`${url}/requests?limit=5`))).toEqual([{ id: 'one', limit: 5 }]);
    expect((await fetch(`${url}/requests?limit=501`)).status).toBe(400);
  });

  it('finds one by its id', async () => {
    const { url } = await startControl();
    expect(await json(fetch(`${url}/requests/${encodeURIComponent('a/b=')}`))).toEqual({ id: 'a/b=', way: [] });
    const missing = await fetch(`${url}/requests/gone`);
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { error: 'there is no request "gone"; the latest 500 are remembered' },
    ]);
  });

  it('sends one and explains it', async () => {
    const { post } = await startControl();
    expect(await json(post('/explain', { path: '/a' }))).toEqual({ url: '/a', way: [] });
    expect((await post('/explain', {})).status).toBe(400);
  });

  it('answers counters and tags', async () => {
    const { url } = await startControl();
    expect(await json(fetch(`${url}/metrics`))).toEqual({ time: 1, traffic: [] });
    expect(await json(fetch(`${url}/tags`))).toEqual([{ tag: 'products', version: 1 }]);
  });

  it('revalidates', async () => {
    const { post, stack } = await startControl();
    expect(await json(post('/revalidate', { tags: ['products'] }))).toEqual({ tags: ['products'] });
    await post('/revalidate', { paths: ['/blog/[slug]'], type: 'page', stale: true, site: 'shop' });
    expect(stack.orders).toEqual([
      { tags: ['products'], paths: [], stale: false },
      { tags: [], paths: ['/blog/[slug]'], type: 'page', stale: true, site: 'shop' },
    ]);
  });

  it.each([
    [{ tags: 'products' }, '"tags" must be a list of texts; received "products"'],
    [{ tags: ['a'], type: 'route' }, '"type" must be page or layout; received "route"'],
    [{ tags: ['a'], stale: 1 }, '"stale" must be true or false; received 1'],
  ])('refuses to revalidate %j', async (body, error) => {
    const { post } = await startControl();
    const response = await post('/revalidate', body);
    expect([response.status, await response.json()]).toEqual([400, { error }]);
  });

  it('streams the state, then what changes', async () => {
    const { url, stack } = await startControl();
    const { body, headers } = await fetch(`${url}/stream`);
    expect(headers.get('content-type')).toBe('text/event-stream');
    const events = body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await events?.read())?.value).toBe(
      'event: state\ndata: {"state":{"stack":"Shop"},"metrics":{"time":1,"traffic":[]}}\n\n',
    );
    stack.tell('a/b=');
    stack.tell('a/b=');
    let text = '';
    while (!text.includes('event: requests')) text += (await events?.read())?.value ?? '';
    expect(text).toContain('event: requests\ndata: [{"id":"a/b="}]\n\n');
    await events?.cancel();
    await expect.poll(() => stack.listenerCount).toBe(0);
  });
});

describe('the dashboard', () => {
  beforeAll(prepareAssets);

  it.each([
    ['/', 'text/html; charset=utf-8', '<title>Local stack'],
    ['/dashboard.css', 'text/css; charset=utf-8', 'prefers-color-scheme'],
    ['/dashboard.js', 'text/javascript; charset=utf-8', '/stream'],
  ])('has %s, which nothing foreign may run in or frame', async (path, type, content) => {
    const { url } = await startControl();
    const response = await fetch(url + path);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(await response.text()).toContain(content);
  });

  it('weighs less than a photograph', async () => {
    const { url } = await startControl();
    const sizes = await Promise.all(
      ['/', '/dashboard.css', '/dashboard.js'].map(
        async (path) => (await (await fetch(url + path)).arrayBuffer()).byteLength,
      ),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(50_000);
  });
});

describe('a request of another page', () => {
  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

  it.each<[what: string, method: string, headers: Record<string, string>, status: number]>([
    ['the dashboard itself', 'POST', { 'sec-fetch-site': 'same-origin' }, 200],
    ['the address bar', 'GET', { 'sec-fetch-site': 'none', ...link }, 200],
    ['a link', 'GET', { 'sec-fetch-site': 'cross-site', ...link }, 200],
    ['a link on the site that runs here', 'GET', { 'sec-fetch-site': 'same-site', ...link }, 200],
    ['a program that is no browser', 'POST', {}, 200],
    ['an image', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['a frame', 'GET', { 'sec-fetch-site': 'cross-site', ...link, 'sec-fetch-dest': 'iframe' }, 403],
    ['a form', 'POST', { 'sec-fetch-site': 'cross-site', ...link }, 403],
    ['a script of the site that runs here', 'POST', { 'sec-fetch-site': 'same-site' }, 403],
    ['a form without an origin', 'POST', { origin: 'null' }, 403],
    ['another port', 'POST', { origin: 'http://localhost:8080' }, 403],
    ['another name', 'POST', { host: 'evil.example' }, 403],
    ['another name that begins well', 'POST', { host: 'localhost.evil.example' }, 403],
  ])('(%s, by %s) is answered as it should', async (_, method, headers, status) => {
    const { url } = await startControl();
    const path = method === 'GET' ? '/metrics' : '/revalidate';
    expect(await statusOf(url + path, method, headers)).toBe(status);
  });
});
