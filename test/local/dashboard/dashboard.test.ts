import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { LocalStack } from '../../../local/stack';
import { hasChromium, launchChromium } from '../../fixtures/chromium';
import { prepareAssets } from '../../fixtures/prepare';
import { inlineFunction } from '../functions/support';
import { synthesizePlainStack } from '../stack/plain-stack';

async function synthesize(directory: string, build: string) {
  await mkdir(directory);
  return synthesizePlainStack(directory, {
    environment: { BUILD: build },
    extend: (scope) => {
      const table = new Table(scope, 'Tags', {
        partitionKey: { name: 'pk', type: AttributeType.STRING },
        sortKey: { name: 'sk', type: AttributeType.STRING },
        removalPolicy: RemovalPolicy.DESTROY,
      });
      inlineFunction(scope, 'Echo', 'return { seen: event };', { functionName: 'echo' });
      const value = scope.toJsonString({ table: table.tableName, site: 'shop', tagShards: 1 });
      new CfnOutput(scope, 'Revalidation', { value });
    },
  });
}

/** Colours of the page's text and ground. */
function colorsOf(page: Page): Promise<string> {
  return page.evaluate('getComputedStyle(document.body).color + getComputedStyle(document.body).backgroundColor');
}

describe.skipIf(!hasChromium)('the dashboard in a browser', () => {
  let stack: LocalStack;
  let page: Page;
  let nextAssembly: string;
  const problems: string[] = [];
  /** What the browser has asked of the control interface, as its routes are named. */
  const asked = new Set<string>();

  beforeAll(async () => {
    await prepareAssets();
    const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
    const { assembly, server } = await synthesize(join(directory, 'one'), 'one');
    nextAssembly = (await synthesize(join(directory, 'two'), 'two')).assembly;
    stack = await LocalStack.start(assembly, { containers: { web: server }, replicas: 1 });
    return async () => {
      await stack.stop();
      await rm(directory, { recursive: true, force: true });
    };
  });

  beforeAll(async () => {
    const browser = await launchChromium();
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      const { origin, pathname } = new URL(request.url());
      if (origin === stack.control)
        asked.add(`${request.method()} ${pathname.replace(/^\/requests\/.+/, '/requests/:id')}`);
    });
    await page.goto(stack.control);
    return () => browser.close();
  });

  beforeEach(async () => {
    await page.getByText('live', { exact: true }).waitFor();
  });

  /** What the page itself may ask although it has no button for it. */
  const ask = (path: string, method = 'GET', body?: object): Promise<unknown> =>
    page.evaluate(
      ([url, init]) => fetch(url, init).then((response) => (response.status === 204 ? 204 : response.json())),
      [path, { method, ...(body && { body: JSON.stringify(body) }) }] as const,
    );
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click();
  const card = (title: string) =>
    page.locator('#picture .card').filter({ has: page.getByRole('heading', { name: new RegExp(`^${title}`) }) });

  it('shows the stack and where its site is', async () => {
    await page.getByRole('heading', { level: 1, name: 'Local stack Plain' }).waitFor();
    expect(await page.getByRole('link', { name: stack.url }).getAttribute('href')).toBe(`${stack.url}/`.slice(0, -1));
    await card('replica-1').getByText('healthy').waitFor();
    for (const title of ['Edge', 'Balancer', 'S3', 'DynamoDB', 'Purge']) await card(title).waitFor();
  });

  it('sends a request and opens its way', async () => {
    await page.getByLabel('Send a request to').fill('/cached');
    await press('Send and explain');
    const way = page.getByRole('list', { name: 'Way of the request' });
    await way.getByText('MISS: not in the cache').waitFor();
    await way.getByText(/→ replica-1$/).waitFor();
    expect(await page.getByRole('button', { name: 'GET /cached' }).getAttribute('aria-expanded')).toBe('true');
  });

  it('logs requests as they come, and counts them', async () => {
    // As the dashboard's own: what is accepted is part of the cache key.
    await fetch(`${stack.url}/cached`, { headers: { 'accept-encoding': 'gzip, deflate, br' } });
    await page.getByRole('row').filter({ hasText: '/cached' }).filter({ hasText: 'Hit' }).waitFor();
    await card('Edge').getByText('hits').waitFor();
    await expect.poll(() => card('Edge').locator('dd').nth(1).textContent()).toBe('1');
    await page.getByText('50 %').waitFor();
    expect(
      await page
        .getByRole('img', { name: /^Hit ratio of the edge/ })
        .locator('path')
        .count(),
    ).toBe(1);
    expect(
      await page
        .getByRole('img', { name: /^Time to the first byte/ })
        .locator('path')
        .count(),
    ).toBe(2);
  });

  it('opens and closes a way by keyboard, and keeps the focus when more requests come', async () => {
    const request = page.getByRole('button', { name: 'GET /cached' }).first();
    await request.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => request.getAttribute('aria-expanded')).toBe('true');
    await fetch(`${stack.url}/who`);
    await page.getByRole('button', { name: 'GET /who' }).waitFor();
    await page.keyboard.press('Space');
    expect(await page.locator('[aria-expanded="true"]').count()).toBe(1);
  });

  it('shows the requests that somebody looks for', async () => {
    await page.getByLabel('Show those with').fill('who');
    expect(await page.getByRole('button', { name: 'GET /cached' }).count()).toBe(0);
    await page.getByLabel('Show those with').fill('');
    expect(await page.getByRole('button', { name: 'GET /cached' }).count()).toBeGreaterThan(0);
  });

  it('revalidates tags and paths', async () => {
    await page.getByLabel('Tag or path').fill('products');
    await page.getByLabel('serve the old content meanwhile').check();
    await press('Revalidate');
    await page.getByText('Revalidate products: done, 1 written').waitFor();
    await page.getByLabel('serve the old content meanwhile').uncheck();
    await page.getByLabel('Tag or path').fill('/cached');
    await press('Revalidate');
    await page.getByText('Revalidate /cached: done, 1 written').waitFor();
    expect(stack.tags.map(({ tag, staleAt }) => [tag, staleAt !== undefined])).toEqual(
      expect.arrayContaining([
        ['products', true],
        ['_N_T_/cached', false],
      ]),
    );
    await page.getByLabel('Tag or path').blur();
    await page.getByLabel('Tag or path').focus();
    await page.locator('#tags option[value="products"]').waitFor({ state: 'attached' });
  });

  it('begins faults and ends them', async () => {
    await page.getByLabel('What fails').selectOption('the origin');
    await page.getByLabel('How', { exact: true }).selectOption('is slow');
    await page.getByLabel('By how many milliseconds').fill('1');
    await page.getByLabel('For how many of 100 calls').fill('50');
    await page.getByLabel('For how many seconds').fill('600');
    await press('Begin');
    await page
      .getByRole('list', { name: 'Faults that are on' })
      .getByText('origin: slow for 50 of 100 calls')
      .waitFor();
    expect(stack.faults).toMatchObject([{ target: 'origin', kind: 'slow', milliseconds: 1, rate: 0.5, seconds: 600 }]);
    await press('End slow of origin');
    await expect.poll(() => stack.faults).toEqual([]);
  });

  it('freezes a replica and lets it go on', async () => {
    await press('Freeze replica-1');
    await card('replica-1').getByText('frozen').waitFor();
    await press('Resume replica-1');
    await page.getByRole('button', { name: 'Freeze replica-1' }).waitFor();
  });

  it("puts a replica's clock wrong, and right again", async () => {
    await press('Skew clock replica-1');
    await card('replica-1').getByText('clock +5 min').waitFor();
    await press('Set clock replica-1');
    await expect.poll(() => stack.replicas[0]?.skew).toBe(0);
  });

  it('cuts a replica off from the stores, and lets it rejoin', async () => {
    await press('Partition replica-1');
    await card('replica-1').getByText('partitioned').waitFor();
    await press('Rejoin replica-1');
    await expect.poll(() => stack.state.partitioned).toEqual([]);
  });

  it('kills a replica, which comes back', async () => {
    await press('Kill replica-1');
    await expect.poll(() => stack.replicas[0]).toMatchObject({ restarts: 1, state: 'healthy' });
    await card('replica-1').getByText('healthy').waitFor();
  });

  it('stops a replica, which ends as it is told to and comes back', async () => {
    await press('Stop replica-1');
    await expect.poll(() => stack.replicas[0]).toMatchObject({ restarts: 2, state: 'healthy' });
    expect(stack.replicas[0]?.lastEnd).toMatch(/SIGTERM|code/);
    await card('replica-1').getByText('healthy').waitFor();
  });

  it('scales', async () => {
    await page.getByLabel('Replicas').fill('2');
    await press('Scale');
    await page.getByText('Scale to 2: done').waitFor();
    await card('replica-2').waitFor();
  });

  it('deploys, and says what became of it', async () => {
    await page.getByLabel('Cloud assembly').fill('no-such-folder');
    await press('Deploy');
    await page.locator('#outcome.failure').filter({ hasText: 'no-such-folder' }).waitFor();
    await page.getByLabel('Cloud assembly').fill(nextAssembly);
    await press('Deploy');
    await page.getByText(/^Deploy .*: done, completed$/).waitFor();
    expect(await (await fetch(`${stack.url}/who`)).json()).toMatchObject({ build: 'two' });
  });

  it('may ask for all else that the control interface has', async () => {
    expect(await ask('/invoke', 'POST', { function: 'echo', event: { a: 1 } })).toMatchObject({
      payload: { seen: { a: 1 } },
    });
    expect(await ask('/functions')).toMatchObject({ functions: [{ name: 'echo' }] });
    expect(await ask('/kill', 'POST', { function: 'echo' })).toBe(204);
    expect(await ask('/invalidations')).toEqual([]);
    expect(await ask('/events')).toContainEqual(
      expect.objectContaining({ 'detail-type': 'ECS Deployment State Change' }),
    );
    expect(await ask('/calls')).toMatchObject({ dynamodb: expect.any(Object) as object });
    expect(await ask('/calls', 'DELETE')).toBe(204);
    expect(await ask('/calls')).toEqual({});
    expect(await ask('/state')).toMatchObject({ stack: 'Plain' });
    expect(await ask('/metrics')).toMatchObject({ tags: 2 });
    expect(await ask('/faults', 'POST', { target: 's3', kind: 'slow', milliseconds: 1 })).toMatchObject({ met: 0 });
    expect(await ask('/faults')).toMatchObject([{ target: 's3' }]);
    expect(await ask('/faults', 'DELETE')).toBe(204);
    expect(stack.faults).toEqual([]);
    const { routes } = (await ask('/nothing')) as { routes: string[] };
    expect([...routes].sort()).toEqual([...routes].filter((route) => asked.has(route)).sort());
  });

  it('has landmarks, names for every control, and one way to each by keyboard', async () => {
    for (const role of ['banner', 'main', 'complementary'] as const) await page.getByRole(role).waitFor();
    const unnamed: string[] = await page.evaluate(
      `[...document.querySelectorAll('input, select')].filter(({ labels }) => labels.length === 0).map(({ outerHTML }) => outerHTML)`,
    );
    expect(unnamed).toEqual([]);
    const reached = new Set<unknown>();
    await page.evaluate('document.activeElement.blur()');
    for (let count = 0; count < 60; count++) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(
          `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()`,
        ),
      );
    }
    for (const name of ['Send and explain', 'Revalidate', 'Begin', 'Kill replica-4']) expect(reached).toContain(name);
  });

  it('is dark for who wants it so', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await colorsOf(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await colorsOf(page)).not.toBe(light);
  });

  it('meets no error, and nothing that its content security policy forbids', () => {
    // What it was told about the assembly and the address that are not there, the browser notes too.
    expect(problems.filter((text) => !/status of 40[04]/.test(text))).toEqual([]);
  });
});
