import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../fixtures/chromium';
import { prepareAssets } from '../fixtures/prepare';
import { RunningStack } from './local-stack';
import { storefront } from './sites';

/** `SCREENSHOTS=1` draws the pictures of the guide anew. */
const IMAGES = path.resolve(import.meta.dirname, '../../docs/images');
const DRAWS = process.env.SCREENSHOTS === '1';

const { path: page, tag } = storefront.tagged;

interface Trace {
  readonly id: string;
  readonly result: string;
  readonly way: readonly { readonly where: string; readonly text: string }[];
}

describe.skipIf(!hasChromium)('the dashboard of the storefront', () => {
  let stack: RunningStack;
  let dashboard: Page;

  beforeAll(async () => {
    await prepareAssets();
    await storefront.prepare();
    stack = await RunningStack.start({ replicas: 2, env: storefront.env });
    if (DRAWS) await browse(stack.url);
    return async () => {
      await stack.stop();
    };
  });

  beforeAll(async () => {
    const browser = await launchChromium();
    dashboard = await browser.newPage({ viewport: { width: 1100, height: 1060 } });
    await dashboard.goto(stack.announcement.control);
    return () => browser.close();
  });

  const explain = async (url: string): Promise<Trace> => {
    const body = JSON.stringify({ path: url });
    return (await (await fetch(`${stack.announcement.control}/explain`, { method: 'POST', body })).json()) as Trace;
  };

  /** Until the edge has an answer of the tagged page for longer than the second of what is not certainly fresh. */
  const untilKept = async (): Promise<void> => {
    for (;;) {
      // As browsers and /explain ask: other encodings are another answer.
      const { headers } = await fetch(stack.url + page, { headers: { 'accept-encoding': 'gzip, br' } });
      if (headers.get('x-cache')?.startsWith('Hit') === true && headers.get('cache-control') !== 's-maxage=1') return;
      await delay(100);
    }
  };

  /** The first request to the tagged page that the edge has no answer for. */
  const firstMiss = async (): Promise<Trace> => {
    for (;;) {
      const trace = await explain(page);
      if (trace.result !== 'Hit') return trace;
      await delay(100);
    }
  };

  const metrics = async () =>
    (await (await fetch(`${stack.announcement.control}/metrics`)).json()) as { cache: object };

  it('says of a revalidated page which tag it was, at the edge and in the task', async () => {
    await untilKept();
    await dashboard.getByLabel('Tag or path').fill(tag);
    await dashboard.getByRole('button', { name: 'Revalidate' }).click();
    await dashboard.getByText(`Revalidate ${tag}: done, 1 written`).waitFor();
    const { id, way } = await firstMiss();
    const texts = way.map(({ text }) => text);
    expect(texts).toContainEqual(expect.stringMatching(`^MISS: invalidated .* ago by tag \`${tag}\`$`));
    expect(texts).toContainEqual(expect.stringMatching(`^page ${page}: MISS: tag \`${tag}\` expired .* ago`));
    await dashboard.locator(`[aria-controls="way-${id}"]`).click();
    await dashboard.getByText(/^page .* expired .* ago; regenerating here/).waitFor();
  });

  it('counts what the caches of the tasks do', async () => {
    const card = dashboard
      .locator('#picture .card')
      .filter({ has: dashboard.getByRole('heading', { name: /^Purge/ }) });
    await expect.poll(() => card.locator('dd').first().textContent()).not.toBe('0');
    // The tasks tell their counters once a second.
    await expect
      .poll(async () => (await metrics()).cache)
      .toMatchObject({
        expired: expect.any(Number) as number,
        'call.dynamodb.Query': expect.any(Number) as number,
      });
  });

  it.runIf(DRAWS)('is drawn for the guide', async () => {
    await mkdir(IMAGES, { recursive: true });
    await dashboard.evaluate('window.scrollTo(0, 0)');
    for (const colorScheme of ['light', 'dark'] as const) {
      await dashboard.emulateMedia({ colorScheme });
      await dashboard.screenshot({ path: path.join(IMAGES, `dashboard-${colorScheme}.png`) });
    }
  });
});

/** Visits enough for the plots to have something to show. */
async function browse(url: string): Promise<void> {
  const paths = ['/', '/gallery', page, '/account', '/stream', '/products/ash-bowl'];
  for (let count = 0; count < 100; count++) {
    await (await fetch(url + (paths[count % paths.length] ?? '/'))).arrayBuffer();
    await delay(100);
  }
}
