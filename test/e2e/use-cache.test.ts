import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareAssets, prepareExample } from '../fixtures/prepare';
import { readForm, sendForm } from './form';
import { PROMISE, RunningStack } from './local-stack';
import { get } from './page';

describe("an app with 'use cache' on three replicas", () => {
  let stack: RunningStack;

  beforeAll(async () => {
    await prepareAssets();
    stack = await RunningStack.start({ app: await prepareExample('use-cache'), replicas: 3 });
    return async () => {
      await stack.stop();
    };
  });

  /** The ids of a cached value that the replicas show, each id once. */
  const shown = async (path: string, value: 'Timetable' | 'Seats'): Promise<string[]> => {
    const pages = await Promise.all(stack.replicas.map(({ url }) => get(`${url}${path}`)));
    const ids = pages.map(
      ({ body }) => new RegExp(`data-render-id="([^"]+)" data-of="${value}"`).exec(body)?.[1] ?? '',
    );
    return [...new Set(ids)];
  };

  const press = async (form: string, values: Record<string, string> = {}): Promise<void> => {
    const answer = await sendForm(await readForm(`${stack.url}/desk`, `id="${form}"`), values);
    expect(answer.status).toBe(200);
    await delay(PROMISE);
  };

  /** Lets one replica count, and waits until its count is where the others find it. */
  const makeSeats = async (): Promise<void> => {
    await stack.resetCalls();
    await get(`${String(stack.replicas[0]?.url)}/lines/north`);
    await vi.waitFor(async () => {
      expect((await stack.calls()).s3?.PutObject ?? 0).toBeGreaterThan(0);
    });
  };

  it('fills the hole of a static shell for each visitor, and stores neither at the edge', async () => {
    const stranger = await get(stack.url);
    expect(stranger.body).toContain('Welcome aboard, stranger.');
    const nora = await get(stack.url, { cookie: 'passenger=Nora' });
    expect(nora.body).toMatch(/Welcome aboard, (<!-- -->)?Nora/);
    expect(nora.headers.get('x-cache')).toBe('Miss from cloudfront');
    expect((await get(stack.url)).body).toContain('Welcome aboard, stranger.');
  });

  it("makes a 'use cache: remote' value once for all replicas", async () => {
    await makeSeats();
    expect(await shown('/lines/north', 'Seats')).toHaveLength(1);
  });

  it('makes it anew, and once, after updateTag', async () => {
    const [before] = await shown('/lines/north', 'Seats');
    await press('recount', { line: 'north' });
    await makeSeats();
    const after = await shown('/lines/north', 'Seats');
    expect(after).toHaveLength(1);
    expect(after).not.toContain(before);
  });

  it("renders a static shell anew on all replicas when its 'use cache' tag was updated", async () => {
    const before = await shown('/', 'Timetable');
    expect(before).toHaveLength(1);
    await press('replace');
    for (const id of await shown('/', 'Timetable')) expect(before).not.toContain(id);
  });
});
