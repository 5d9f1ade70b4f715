import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareAssets } from '../fixtures/prepare';
import { absence } from './checks/absence';
import { buildFiles } from './checks/build-files';
import { dynamicPage } from './checks/dynamic-page';
import { image } from './checks/image';
import type { Outcome } from './checks/outcome';
import { payload } from './checks/payload';
import { sharedCache } from './checks/shared-cache';
import type { CheckedSite } from './checks/site';
import { staticPage } from './checks/static-page';
import { streamedPage } from './checks/streamed-page';
import { PROMISE, RunningStack } from './local-stack';
import { findAttribute, get } from './page';
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

  /** What `scripts/verify-on-aws` asks of a site on AWS. */
  const check = (of: (site: CheckedSite) => Promise<Outcome>): Promise<Outcome> =>
    of({ url: stack.url, fetch, places: site.places });

  it('serves a static page out of the cache, and the next time from the edge', async () => {
    expect((await get(`${stack.url}/`)).headers.get('x-nextjs-cache')).toBe('HIT');
    expect(await check(staticPage)).toMatchObject({ problems: [], figures: { requestsUntilHit: 1 } });
  });

  it('keeps the payload and the prefetch of a page apart from the page', async () => {
    expect(await check(payload)).toMatchObject({ problems: [] });
  });

  it('serves what the build made for browsers from the bucket, for ever', async () => {
    expect(await check(buildFiles)).toMatchObject({ problems: [] });
  });

  it('never stores a dynamic page', async () => {
    expect(await check(dynamicPage)).toMatchObject({ problems: [] });
  });

  it('sends the first byte of a streamed page before its last part exists', async () => {
    expect(await check(streamedPage)).toMatchObject({ problems: [] });
  });

  it('renders a page on demand once for all replicas', async () => {
    const [first, ...others] = stack.replicas.map(({ url }) => `${url}${site.places.onDemand}`);
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

  it('shows one rendering of it to whoever is past the edge', async () => {
    expect(await check(sharedCache)).toMatchObject({ problems: [] });
  });

  it('shows what a server action changed on all replicas within two seconds', async () => {
    const { path, attribute, send } = site.places.action;
    const content = async (replica: string) => findAttribute(await get(`${replica}${path}`), attribute);
    const [before] = await everywhere(content);
    await stack.resetCalls();
    const answer = await send(stack.url, fetch);
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
    const body = JSON.stringify(site.places.revalidation(tag));
    const answer = await fetch(`${stack.url}/api/revalidate`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-cache')).toBe('Miss from cloudfront');
    expect((await stack.calls()).dynamodb?.UpdateItem).toBe(1);
    await delay(PROMISE);
    for (const id of await everywhere(renderId)) expect(before).not.toContain(id);
  });

  it('makes images to measure, in the format that the browser likes best', async () => {
    expect(await check(image)).toMatchObject({ problems: [] });
  });

  it('answers 404 for what is not there', async () => {
    expect(await check(absence)).toMatchObject({ problems: [] });
  });

  it('stops at Ctrl-C without an error', async () => {
    expect(await stack.stop()).toBe(0);
  });
});
