import { describe, expect, it } from 'vitest';

import { Header } from '../../../contract';
import type { UseCacheEntry } from '../../../runtime/cache/plural-handler';
import { decodeVerdict } from '../../../runtime/cache/verdict';
import { PAGE_CONTEXT, pageOf, Site, type Task } from './fixture';

const YEAR = 31_536_000;

function entryOf(body: string, tags: string[], timestamp: number, changes: Partial<UseCacheEntry> = {}): UseCacheEntry {
  const value = new Response(body).body;
  if (value === null) throw new Error('a body is needed');
  return { value, tags, stale: 300, timestamp, expire: YEAR, revalidate: 900, ...changes };
}

const read = async (entry: UseCacheEntry | undefined): Promise<string | undefined> =>
  entry === undefined ? undefined : new Response(entry.value).text();

/** As Next does: asks, then sets what it generated. */
async function generate(site: Site, task: Task, body: string, tags: string[], softTags: string[] = []): Promise<void> {
  const { DefaultCache } = task.cache.handlers;
  await DefaultCache.get('key', softTags);
  await DefaultCache.set('key', Promise.resolve(entryOf(body, tags, site.epoch + site.time.now)));
  await task.cache.flush();
}

describe('the plural handler', () => {
  it("gives one replica's data to another, byte for byte, as often as it is asked", async () => {
    const site = new Site();
    const [one, two] = (await site.replicas(2)) as [Task, Task];
    await site.run(async () => {
      await generate(site, one, 'größe', ['t']);
      for (let reading = 0; reading < 2; reading += 1) {
        const entry = await two.cache.handlers.RemoteCache.get('key', []);
        expect(entry).toMatchObject({ tags: ['t'], stale: 300, expire: YEAR, revalidate: 900 });
        expect(await read(entry)).toBe('größe');
      }
    });
  });

  it('makes a reader wait for an entry that is being set', async () => {
    const site = new Site();
    const [one] = (await site.replicas(1)) as [Task];
    await site.run(async () => {
      const { DefaultCache } = one.cache.handlers;
      const pending = site.time.sleep(500).then(() => entryOf('late', [], site.epoch));
      const setting = DefaultCache.set('key', pending);
      expect(await read(await DefaultCache.get('key'))).toBe('late');
      await setting;
    });
  });

  it('expires data by its own tags and by soft tags, and ages it by a profile', async () => {
    const site = new Site();
    const [one, two] = (await site.replicas(2, { window: 0 })) as [Task, Task];
    await site.run(async () => {
      await generate(site, one, 'first', ['t']);
      await two.revalidate('t', { expire: YEAR });
      expect((await one.cache.handlers.DefaultCache.get('key', []))?.revalidate).toBe(-1);
      await two.revalidate('t');
      expect(await one.cache.handlers.DefaultCache.get('key', [])).toBeUndefined();
      await generate(site, one, 'second', ['t'], ['_N_T_/page']);
      await two.revalidate('_N_T_/page');
      expect(await one.cache.handlers.DefaultCache.get('key', ['_N_T_/page'])).toBeUndefined();
      expect(await read(await one.cache.handlers.DefaultCache.get('key', ['_N_T_/other']))).toBe('second');
    });
  });

  it('does not expire data again for a soft tag that it was generated after, even where Next named none', async () => {
    const site = new Site();
    const [one, two] = (await site.replicas(2, { window: 0 })) as [Task, Task];
    await site.run(async () => {
      await two.revalidate('_N_T_/page');
      await one.cache.handlers.DefaultCache.refreshTags();
      await site.time.sleep(1);
      await one.cache.handlers.DefaultCache.set('key', Promise.resolve(entryOf('new', [], site.epoch + site.time.now)));
      await one.cache.flush();
      expect(await read(await two.cache.handlers.DefaultCache.get('key', ['_N_T_/page']))).toBe('new');
    });
  });

  it('expires data whose generation had begun before a revalidation', async () => {
    const site = new Site();
    const [one, two] = (await site.replicas(2, { window: 0 })) as [Task, Task];
    await site.run(async () => {
      const { DefaultCache } = one.cache.handlers;
      await DefaultCache.get('key');
      const began = site.epoch + site.time.now;
      await site.time.sleep(100);
      await two.revalidate('t');
      await DefaultCache.refreshTags();
      await DefaultCache.set('key', Promise.resolve(entryOf('old', ['t'], began)));
      expect(await DefaultCache.get('key', [])).toBeUndefined();
    });
  });

  it('lets no page count as new whose request joined a look at data that the table was not there to prove', async () => {
    const site = new Site();
    const [one, two] = (await site.replicas(2, { mirrorRows: 2 })) as [Task, Task];
    await site.run(async () => {
      await generate(site, one, 'old', ['t']);
      for (const tag of ['t', 'u', 'v', 'w']) await two.revalidate(tag);
      await one.cache.handlers.DefaultCache.refreshTags();
      // Until the rows that had to go are older than the horizon of what is rendered now.
      await site.time.sleep(60_000);
      await one.cache.handlers.DefaultCache.refreshTags();
      one.link.weather = { ...one.link.weather, refused: 1 };
      await one.request(async ({ handler }) => {
        await handler.get('/joining', PAGE_CONTEXT);
        const found = await one.request(() => one.cache.handlers.DefaultCache.get('key', []));
        expect(await read(found)).toBe('old');
        const page = pageOf('of old data', ['t']);
        await handler.set('/joining', page, PAGE_CONTEXT);
        const verdict = decodeVerdict(page.headers[Header.VERDICT]);
        expect(verdict && one.cache.judge(verdict).fresh).toBe(false);
      });
    });
  });

  it('keeps nothing of a generation that fails or lasts for nobody', async () => {
    const site = new Site();
    const [one] = (await site.replicas(1)) as [Task];
    await site.run(async () => {
      const { DefaultCache } = one.cache.handlers;
      await DefaultCache.set('failed', Promise.reject(new Error('no')));
      const broken = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.error(new Error('broken off'));
        },
      });
      await DefaultCache.set('broken', Promise.resolve(entryOf('', [], site.epoch, { value: broken })));
      await DefaultCache.set('brief', Promise.resolve(entryOf('x', [], site.epoch, { expire: 0 })));
      for (const key of ['failed', 'broken', 'brief']) expect(await DefaultCache.get(key)).toBeUndefined();
    });
  });

  it('says that soft tags are judged in get', async () => {
    const site = new Site();
    expect(await site.replica().cache.handlers.DefaultCache.getExpiration()).toBe(Number.POSITIVE_INFINITY);
  });
});
