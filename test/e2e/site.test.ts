import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareAssets } from '../fixtures/prepare';
import { PROMISE, RunningStack } from './local-stack';
import { findAttribute, get, getStreamed } from './page';
import { sites } from './sites';

describe.each(sites)('$name on three replicas', (site) => {
  let stack: RunningStack;

  beforeAll(async () => {
    await prepareAssets();
    stack = await RunningStack.start({ app: await site.prepare(), replicas: 3, env: site.env });
    return async () => {
      await stack.stop();
    };
  });

  const everywhere = async <T>(ask: (url: string) => Promise<T>): Promise<T[]> =>
    Promise.all(stack.replicas.map(({ url }) => ask(url)));

  it('answers the first requests of prerendered pages on fresh replicas without asking S3', async () => {
    await stack.resetCalls();
    for (const path of site.prerendered) {
      const pages = await everywhere((replica) => get(`${replica}${path}`));
      expect(pages.map(({ status, headers }) => [status, headers.get('x-nextjs-cache')])).toEqual([
        [200, 'HIT'],
        [200, 'HIT'],
        [200, 'HIT'],
      ]);
    }
    expect((await stack.calls()).s3?.GetObject ?? 0).toBe(0);
  });

  it('says where it is, and that three replicas run', async () => {
    expect(stack.url).toMatch(/^http:\/\/localhost:\d+$/);
    expect(stack.tool.stdout.trim().split('\n')).toHaveLength(1);
    expect(stack.replicas).toHaveLength(3);
    expect(await stack.state()).toMatchObject({ url: stack.url });
  });

  it('serves a static page out of the cache, and the next time from the edge', async () => {
    const first = await get(`${stack.url}/`);
    expect(first.status).toBe(200);
    expect(first.headers.get('x-nextjs-cache')).toBe('HIT');
    const second = await get(`${stack.url}/`);
    expect(second.headers.get('x-cache')).toBe('Hit from cloudfront');
    expect(second.body).toBe(first.body);
  });

  it('serves what the build made for browsers from the bucket, for ever', async () => {
    const { body } = await get(`${stack.url}/`);
    const [asset] = /\/_next\/static\/[^"]+?\.js/.exec(body) ?? [];
    const {
      status,
      headers,
      body: script,
    } = await get(`${stack.url}${String(asset)}`, { 'accept-encoding': 'identity' });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('content-type')).toMatch(/javascript/);
    // The bucket's entity tags are checksums, those of Next.js are not.
    expect(headers.get('etag')).toBe(`"${createHash('md5').update(script).digest('hex')}"`);
  });

  it('never stores a dynamic page', async () => {
    const pages = [await get(`${stack.url}${site.dynamic}`), await get(`${stack.url}${site.dynamic}`)];
    const [first, second] = pages.map((page) => findAttribute(page, 'data-render-id'));
    expect(first).not.toBe(second);
    for (const { headers } of pages) {
      expect(headers.get('x-cache')).toBe('Miss from cloudfront');
      expect(headers.get('cache-control')).toContain('no-store');
    }
  });

  it('sends the first byte of a streamed page before its last part exists', async () => {
    const { firstByteAt, body } = await getStreamed(`${stack.url}${site.streamed}`);
    const lastPart = /data-part="3" data-at="(\d+)"/.exec(body)?.[1];
    expect(firstByteAt).toBeLessThan(Number(lastPart));
  });

  it('renders a page on demand once for all replicas', async () => {
    const [first, ...others] = stack.replicas.map(({ url }) => `${url}${site.onDemand}`);
    await stack.resetCalls();
    const rendered = await get(String(first));
    expect(rendered.headers.get('x-nextjs-cache')).toBe('MISS');
    await vi.waitFor(async () => {
      // The data and the page. Writes go behind the answer: a replica that asks before would render for itself.
      expect((await stack.calls()).s3?.PutObject).toBe(2);
    });
    for (const other of others) {
      const page = await get(other);
      expect(page.headers.get('x-nextjs-cache')).toBe('HIT');
      expect(findAttribute(page, 'data-render-id')).toBe(findAttribute(rendered, 'data-render-id'));
    }
  });

  it('shows what a server action changed on all replicas within two seconds', async () => {
    const { path, attribute, sendAction } = site.tagged;
    const content = async (replica: string) => findAttribute(await get(`${replica}${path}`), attribute);
    const [before] = await everywhere(content);
    await stack.resetCalls();
    const answer = await sendAction(stack.url);
    expect(answer.status).toBeLessThan(400);
    // One tag, one write, although Next carries out an action's revalidations twice.
    expect((await stack.calls()).dynamodb?.UpdateItem).toBe(1);
    await delay(PROMISE);
    const [after, ...others] = await everywhere(content);
    expect(after).not.toBe(before);
    expect(others).toEqual([after, after]);
  });

  it('renders a page anew everywhere after one write for the tag that it carries', async () => {
    const { path, tag } = site.tagged;
    const renderId = async (replica: string) => findAttribute(await get(`${replica}${path}`), 'data-render-id');
    const before = await everywhere(renderId);
    await stack.resetCalls();
    const answer = await fetch(`${stack.url}/api/revalidate`, { method: 'POST', body: revalidation(tag) });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-cache')).toBe('Miss from cloudfront');
    expect((await stack.calls()).dynamodb?.UpdateItem).toBe(1);
    await delay(PROMISE);
    for (const id of await everywhere(renderId)) expect(before).not.toContain(id);
  });

  it('makes images to measure, in the format that the browser likes best', async () => {
    const url = `${stack.url}/_next/image?url=${encodeURIComponent(site.picture)}&w=256&q=75`;
    const modern = await get(url, { accept: 'image/avif,image/webp,image/*,*/*;q=0.8' });
    expect(modern.headers.get('content-type')).toBe('image/webp');
    const old = await get(url, { accept: 'image/*' });
    expect(old.headers.get('content-type')).toMatch(/^image\/(jpeg|png)$/);
  });

  it('answers 404 for what is not there', async () => {
    expect((await get(`${stack.url}/nowhere`)).status).toBe(404);
  });

  it('stops at Ctrl-C without an error', async () => {
    expect(await stack.stop()).toBe(0);
  });

  /** Both apps take what the other would not understand amiss. */
  const revalidation = (tag: string) => JSON.stringify(site.name === 'the storefront' ? { tag } : { tags: [tag] });
});
