import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page, Response } from 'playwright-core';
import { beforeAll, describe, expect, it, onTestFailed, vi } from 'vitest';
import { hasChromium, launchChromium } from '../fixtures/chromium';
import { prepareAssets } from '../fixtures/prepare';
import { PROMISE, RunningStack } from './local-stack';
import { storefront } from './sites';

interface Prefetch {
  /** Path and segment. */
  readonly what: string;
  readonly status: number;
  /** What the edge says of itself. */
  readonly edge: string;
  /** Whether the edge may keep it for as long as the test takes. */
  readonly isLasting: boolean;
}

describe.skipIf(!hasChromium)('the storefront in a browser', () => {
  let stack: RunningStack;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    await prepareAssets();
    await storefront.prepare();
    stack = await RunningStack.start({ replicas: 3, env: storefront.env });
    return async () => {
      await stack.stop();
    };
  });

  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    return async () => {
      await browser.close();
    };
  });

  /** What a visitor's browser fetches ahead on a page, and what came of it. */
  async function prefetchesOf(path: string): Promise<Prefetch[]> {
    const context = await browser.newContext();
    const visitor = await context.newPage();
    const answers: Response[] = [];
    visitor.on('response', (answer) => {
      if (answer.request().headers()['next-router-prefetch'] !== undefined) answers.push(answer);
    });
    await visitor.goto(`${stack.url}${path}`, { waitUntil: 'networkidle' });
    const prefetches = answers.map((answer): Prefetch => {
      const { pathname } = new URL(answer.url());
      const segment = answer.request().headers()['next-router-segment-prefetch'] ?? '';
      const { 'x-cache': edge = '', 'cache-control': lifetime = '' } = answer.headers();
      const isLasting = Number(/s-maxage=(\d+)/.exec(lifetime)?.[1] ?? 0) >= 60;
      return { what: `${pathname} ${segment}`, status: answer.status(), edge, isLasting };
    });
    await context.close();
    return prefetches;
  }

  it('walks through the shop', async () => {
    onTestFailed(() => {
      console.error(stack.tool.stderr.slice(-4000));
    });
    await page.goto(stack.url);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('every day');
    await page.getByRole('link', { name: 'Ash bowl' }).click();
    await page.getByRole('heading', { level: 1, name: 'Ash bowl' }).waitFor();
    await page.getByRole('button', { name: 'Add to basket' }).click();
    await page.getByText('1 in your basket').waitFor();
    for (const [link, heading] of [
      ['Gallery', 'Gallery'],
      ['Workshop news', 'Workshop news'],
      ['Delivery', 'Delivery'],
      ['Your parcel', 'Your parcel'],
    ] as const) {
      await page.getByRole('link', { name: link, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    }
    await page.getByText('before the kettle boils').waitFor();
  });

  it('shares what links have prefetched with other pages that show them', async () => {
    const isHit = ({ edge }: Prefetch) => edge === 'Hit from cloudfront';
    // Other visitors of the home page, until the edge has what it may keep.
    const first = await vi.waitFor(
      async () => {
        const prefetches = (await prefetchesOf('/')).filter((one) => isHit(one) && one.isLasting);
        expect(prefetches.length).toBeGreaterThan(1);
        return prefetches;
      },
      { timeout: 60_000 },
    );
    const second = await prefetchesOf('/gallery');
    expect(second.filter(({ status }) => status !== 200)).toEqual([]);
    const kept = new Set(first.map(({ what }) => what));
    const shared = second.filter(({ what }) => kept.has(what));
    expect(shared.length).toBeGreaterThan(1);
    expect(shared.filter((one) => !isHit(one))).toEqual([]);
  });

  it('loads every picture of the gallery', async () => {
    await page.goto(`${stack.url}/gallery`);
    const pictures = page.locator('.gallery img');
    expect(await pictures.count()).toBe(24);
    for (const picture of await pictures.all()) {
      await picture.scrollIntoViewIfNeeded();
      await expect
        .poll(() => picture.evaluate((image: { naturalWidth: number }) => image.naturalWidth))
        .toBeGreaterThan(0);
    }
  });

  it('keeps the basket and the name of a visitor', async () => {
    await page.goto(`${stack.url}/account`);
    await page.getByText('1 × Ash bowl').waitFor();
    await page.getByLabel('What should we call you?').fill('Nora');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Hello, Nora' }).waitFor();
  });

  it('shows the new stock to whoever changed it', async () => {
    await page.goto(`${stack.url}/stock`);
    await page.getByLabel('Stock of Rosehip carafe').fill('77');
    await page.locator('form[data-slug="rosehip-carafe"] button').click();
    await page.getByText('Saved: 77').waitFor();
    // The next request may reach a replica that has not heard of it yet.
    await delay(PROMISE);
    await page.getByRole('link', { name: 'Rosehip carafe' }).click();
    await page.getByText('77 in stock').waitFor();
  });

  it('meets no error on the way', () => {
    expect(problems).toEqual([]);
  });
});
