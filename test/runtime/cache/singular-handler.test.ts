import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FINE } from './simulation/simulated-link';
import { asNextSees, htmlOf, isFresh, PAGE_CONTEXT, pageOf, Site, type Task } from './fixture';

const LONG = 60_000;
const pair = (tasks: Task[]): [Task, Task] => {
  const [one, two] = tasks;
  if (one === undefined || two === undefined) throw new Error('two replicas were asked for');
  return [one, two];
};

describe('the singular handler', () => {
  it('gives what one replica rendered to another, whole and with its lifetime', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', ['t']);
      await one.cache.flush();
      const presented = await two.get('/a');
      expect(presented).toMatchObject({
        value: { kind: 'APP_PAGE', html: 'first', status: 200 },
        cacheControl: { revalidate: 60 },
      });
      expect(isFresh(presented)).toBe(true);
    });
  });

  it('asks no store on a hot request', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first');
      await one.cache.flush();
      const before = { ...one.cache.counters.snapshot() };
      for (let request = 0; request < 1000; request += 1) await one.get('/a');
      const after = one.cache.counters.snapshot();
      expect(after['mirror.read']).toBe(before['mirror.read']);
      expect(after['hit.memory']).toBe((before['hit.memory'] ?? 0) + 1000);
      expect(after['bytes.read']).toBe(before['bytes.read']);
    });
  });

  it('reads the tags once a window, however many requests there are', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', [], false);
      const before = one.count('mirror.read');
      for (let second = 0; second < 10; second += 1) {
        await Promise.all(Array.from({ length: 50 }, () => one.get('/a')));
        await site.time.sleep(1001);
      }
      expect(one.count('mirror.read') - before).toBeLessThanOrEqual(10);
    });
  });

  it('has read the tags again when the window ends, so that no request waits for that', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', [], false);
      await site.time.sleep(1001);
      await one.get('/a');
      const before = one.count('mirror.read');
      for (let asked = 0; asked < 500; asked += 1) {
        await site.time.sleep(10);
        const since = site.time.now;
        await one.get('/a');
        expect(site.time.now - since).toBe(0);
      }
      // Five seconds in periods of 950 ms and more.
      expect(one.count('mirror.read') - before).toBeLessThanOrEqual(6);
    });
  });

  it('expires an entry everywhere with one write, within a window', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', ['t']);
      await one.cache.flush();
      expect(htmlOf(await two.get('/a'))).toBe('first');
      await one.revalidate('t');
      expect(one.count('tag.revalidated')).toBe(1);
      expect(await one.get('/a')).toBeNull();
      await site.time.sleep(1001);
      expect(await two.get('/a')).toBeNull();
    });
  });

  it('serves nothing old at once where the window is 0', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2, { window: 0 }));
    await site.run(async () => {
      await one.render('/a', 'first', ['t']);
      await one.cache.flush();
      await two.get('/a');
      await one.revalidate('t');
      expect(await two.get('/a')).toBeNull();
    });
  });

  it('lets one replica regenerate a stale page, and caps the answers of the others', async () => {
    const site = new Site();
    const tasks = await site.replicas(3);
    await site.run(async () => {
      await tasks[0]?.render('/a', 'first', [], 5);
      await tasks[0]?.cache.flush();
      for (const task of tasks) await task.get('/a');
      await site.time.sleep(5100);
      const presented = await Promise.all(tasks.map((task) => task.get('/a')));
      const seen = presented.map((each) => asNextSees(each, site.epoch + site.time.now));
      expect([...seen].sort()).toEqual(['hit', 'hit', 'stale']);
      expect(presented.map(htmlOf)).toEqual(['first', 'first', 'first']);
      expect(presented.map((each) => each?.cacheControl)).toEqual(Array(3).fill({ revalidate: 1, expire: undefined }));
      expect(presented.map(isFresh)).toEqual([false, false, false]);
    });
  });

  it('does not let a prefetch hold off the regeneration of a stale page', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', [], 5);
      await site.time.sleep(5100);
      await one.get('/a', { rsc: '1', 'next-router-prefetch': '1' });
      await one.get('/a', { purpose: 'prefetch' });
      expect(one.count('lease.taken')).toBe(0);
      expect(asNextSees(await one.get('/a'), site.epoch + site.time.now)).toBe('stale');
      expect(one.count('lease.taken')).toBe(1);
    });
  });

  it('lets one replica optimize a stale image anew, as the image optimizer sees it: by the period in the image', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    const image = { kind: 'IMAGE', buffer: Buffer.from('image'), etag: 'e', extension: 'webp', revalidate: 60 };
    await site.run(async () => {
      await one.request(({ handler }) => handler.set('image', image, { cacheControl: { revalidate: 60 } }));
      await one.cache.flush();
      const isStale = (task: typeof one): Promise<boolean> =>
        task.request(async ({ handler, context }) => {
          const presented = await handler.get('image', { kind: 'IMAGE' });
          const stale = (presented?.lastModified ?? 0) + 60_000 < site.epoch + site.time.now;
          // No tag invalidates an image: whether tags are known says nothing of a fresh one.
          if (site.time.now < 60_000) expect(context.verdicts).toEqual([]);
          else expect(context.verdicts.map(({ fresh }) => fresh)).toEqual([false]);
          return stale;
        });
      expect([await isStale(one), await isStale(two)]).toEqual([false, false]);
      await site.time.sleep(61_000);
      expect([await isStale(one), await isStale(two)]).toEqual([true, false]);
    });
  });

  it('waits for the replica that renews an expired page rather than render it too', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2, { window: 0 }));
    await site.run(async () => {
      await one.render('/a', 'first', ['t']);
      await one.cache.flush();
      await two.get('/a');
      await one.revalidate('t');
      const rendering = one.request(async ({ handler }) => {
        await handler.get('/a', PAGE_CONTEXT);
        await site.time.sleep(500);
        await handler.set('/a', pageOf('second', ['t']), { ...PAGE_CONTEXT, cacheControl: { revalidate: 60 } });
      });
      await site.time.sleep(200);
      expect(htmlOf(await two.get('/a'))).toBe('second');
      await rendering;
    });
  });

  it('does not wait for a holder beyond its bound', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2, { window: 0, leaseWait: 300 }));
    await site.run(async () => {
      await one.render('/a', 'first', ['t']);
      await one.cache.flush();
      await one.revalidate('t');
      await one.get('/a');
      const began = site.time.now;
      expect(await two.get('/a')).toBeNull();
      expect(site.time.now - began).toBeLessThan(1000);
    });
  });

  it('expires a page that was rendered while its tag was revalidated', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.request(async ({ handler }) => {
        await handler.get('/a', PAGE_CONTEXT);
        await two.revalidate('t');
        await site.time.sleep(3000);
        await handler.set('/a', pageOf('old', ['t']), { ...PAGE_CONTEXT, cacheControl: { revalidate: 60 } });
      });
      await one.cache.flush();
      expect(await one.get('/a')).toBeNull();
      expect(await two.get('/a')).toBeNull();
    });
  });

  it('never replaces a newer render by an older one that arrives later', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2, { window: 0 }));
    await site.run(async () => {
      const slow = one.request(async ({ handler }) => {
        await handler.get('/a', PAGE_CONTEXT);
        await site.time.sleep(5000);
        await handler.set('/a', pageOf('old', ['t']), { ...PAGE_CONTEXT, cacheControl: { revalidate: 60 } });
      });
      await site.time.sleep(100);
      await two.revalidate('t');
      await two.render('/a', 'new', ['t']);
      await two.cache.flush();
      await slow;
      await one.cache.flush();
      expect(htmlOf(await one.get('/a'))).toBe('new');
      expect(htmlOf(await two.get('/a'))).toBe('new');
    });
  });

  it('keeps the old page, and its stamp, when its regeneration fails', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', ['t'], 5);
      await one.cache.flush();
      await site.time.sleep(5100);
      const objects = [...site.shared.entries.objects.values()];
      // What Next does with an error: it sets what `get` returned, with a period of its own.
      await one.request(async ({ handler }) => {
        const presented = await handler.get('/a', PAGE_CONTEXT);
        await handler.set('/a', presented?.value ?? null, { ...PAGE_CONTEXT, cacheControl: { revalidate: 3 } });
      });
      await one.cache.flush();
      expect([...site.shared.entries.objects.values()]).toEqual(objects);
      const retained = await one.get('/a');
      expect(asNextSees(retained, site.epoch + site.time.now)).toBe('hit');
      expect(isFresh(retained)).toBe(false);
      // The lease was given back: the next who comes may try.
      expect(asNextSees(await two.get('/a'), site.epoch + site.time.now)).toBe('stale');
      await one.revalidate('t');
      expect(await one.get('/a')).toBeNull();
    });
  });

  it('drops a not-found that follows a read which the store did not answer', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first');
      await one.cache.flush();
      two.link.weather = { ...FINE, hung: 1 };
      await two.request(async ({ handler }) => {
        expect(await handler.get('/a', PAGE_CONTEXT)).toBeNull();
        two.link.weather = FINE;
        await handler.set('/a', null, { ...PAGE_CONTEXT, cacheControl: { revalidate: 60 } });
      });
      await two.cache.flush();
      await site.time.sleep(LONG / 2);
      expect(htmlOf(await two.get('/a'))).toBe('first');
    });
  });

  it('keeps and gives a not-found that the app meant', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.request(async ({ handler }) => {
        await handler.get('/gone', PAGE_CONTEXT);
        await handler.set('/gone', null, { ...PAGE_CONTEXT, cacheControl: { revalidate: 60 } });
      });
      await one.cache.flush();
      expect(await two.get('/gone')).toMatchObject({ value: null, cacheControl: { revalidate: 60 } });
    });
  });

  it('waits for hanging stores no longer than the budget, and soon not at all', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2, { budget: 400 }));
    await site.run(async () => {
      await site.time.sleep(5000);
      one.link.weather = { ...FINE, hung: 1 };
      const waits: number[] = [];
      for (let request = 0; request < 12; request += 1) {
        const began = site.time.now;
        expect(await one.get(`/page-${String(request)}`)).toBeNull();
        waits.push(site.time.now - began);
      }
      expect(Math.max(...waits)).toBeLessThanOrEqual(400);
      expect(waits.slice(-4)).toEqual([0, 0, 0, 0]);
    });
  });

  it('writes what it rendered even while it asks a store no more that failed', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      one.link.weather = { ...FINE, refused: 1 };
      for (let request = 0; request < 6; request += 1) await one.get(`/page-${String(request)}`);
      one.link.weather = FINE;
      await one.render('/a', 'rendered');
      await one.render('/b', 'rendered too');
      await one.cache.flush();
      expect(htmlOf(await two.get('/a'))).toBe('rendered');
      expect(htmlOf(await two.get('/b'))).toBe('rendered too');
    });
  });

  it('serves what it holds while the table is down, but not as fresh for long', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/a', 'first', ['t'], 600);
      one.link.weather = { ...FINE, refused: 1 };
      await site.time.sleep(10_000);
      expect(htmlOf(await one.get('/a'))).toBe('first');
      expect(one.cache.mirror.current()).toBe(false);
    });
  });

  it('tells the caller when a revalidation could not be written', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      one.link.weather = { ...FINE, refused: 1 };
      await one.request(async ({ handler, context }) => {
        await expect(handler.revalidateTag(['t'])).rejects.toThrow('UpdateItem failed');
        expect(context.failedTagWrite?.tags).toEqual(['t']);
      });
    });
  });

  it('writes once for the calls that Next makes to all handlers for one revalidation, also of many tags', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    const tags = Array.from({ length: 60 }, (_, tag) => `t${String(tag)}`);
    await site.run(async () => {
      await one.request(({ handler }) =>
        Promise.all([
          one.cache.handlers.DefaultCache.updateTags(tags),
          one.cache.handlers.RemoteCache.updateTags(tags),
          handler.revalidateTag(tags),
        ]),
      );
      expect(one.count('tag.revalidated')).toBe(60);
      await one.revalidate('t1');
      expect(one.count('tag.revalidated')).toBe(61);
    });
  });

  it('writes once for the two times that a server action carries out its revalidations, around the render of its page', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.request(async ({ handler }) => {
        await handler.revalidateTag(['t']);
        await handler.set('/page', pageOf('new', ['t']), PAGE_CONTEXT);
        await handler.revalidateTag(['t']);
        await handler.revalidateTag(['t'], { expire: 60 });
      });
      expect(one.count('tag.revalidated')).toBe(2);
      await one.revalidate('t');
      expect(one.count('tag.revalidated')).toBe(3);
    });
  });

  it('tries a revalidation again that failed earlier in the request', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.request(async ({ handler }) => {
        one.link.weather = { ...FINE, refused: 1 };
        await expect(handler.revalidateTag(['t'])).rejects.toThrow('UpdateItem failed');
        one.link.weather = FINE;
        await handler.revalidateTag(['t']);
      });
      expect(one.count('tag.revalidated')).toBe(1);
    });
  });

  it('judges right, and says that it must not be trusted, with a clock that is a minute off', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2));
    const wrong = site.replica({}, {}, -60_000);
    await site.time.run(wrong.cache.mirror.start());
    await site.run(async () => {
      await one.render('/a', 'first', ['t']);
      await one.cache.flush();
      await wrong.revalidate('t');
      await site.time.sleep(1001);
      expect(await one.get('/a')).toBeNull();
      expect(wrong.cache.mirror.current()).toBe(false);
      expect(one.cache.mirror.current()).toBe(true);
    });
  });

  it('asks for the rows of an entry where the mirror had no room for them', async () => {
    const site = new Site();
    const [one, two] = pair(await site.replicas(2, { mirrorRows: 100 }));
    await site.run(async () => {
      await one.render('/a', 'first', ['t'], false);
      await one.cache.flush();
      await one.revalidate('t');
      await site.time.sleep(10_000);
      for (let tag = 0; tag < 150; tag += 1) await one.revalidate(`other-${String(tag)}`);
      await site.time.sleep(1001);
      expect(await two.get('/a')).toBeNull();
    });
  });

  it('keeps its memory within its bound', async () => {
    const site = new Site();
    const [one] = pair(await site.replicas(2, { memory: 1024 * 1024, writeBuffer: 64 * 1024 * 1024 }));
    await site.run(async () => {
      for (let page = 0; page < 60; page += 1) await one.render(`/page-${String(page)}`, 'x'.repeat(50_000));
      const { 'memory.bytes': bytes, 'memory.entries': entries } = one.cache.counters.snapshot();
      expect(bytes).toBeLessThanOrEqual(1024 * 1024);
      expect(entries).toBeGreaterThan(3);
    });
  });
});

describe('the singular handler of an app with prerendered paths', () => {
  let appDirectory: string;

  beforeAll(() => {
    appDirectory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-handler-'));
    mkdirSync(join(appDirectory, '.next'));
    const manifest = {
      routes: { '/locked/1': { initialRevalidateSeconds: 60, srcRoute: '/locked/[id]' } },
      dynamicRoutes: { '/locked/[id]': { fallback: false } },
      notFoundRoutes: ['/missing'],
      preview: { previewModeId: 'secret' },
    };
    writeFileSync(join(appDirectory, '.next', 'prerender-manifest.json'), JSON.stringify(manifest));
  });
  afterAll(() => {
    rmSync(appDirectory, { recursive: true });
  });

  it('reports an expired path that only its entry keeps from being a 404 by -1, others by null', async () => {
    const site = new Site(appDirectory);
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/locked/1', 'first', ['t']);
      await one.render('/free/1', 'first', ['t']);
      await one.revalidate('t');
      expect(await one.get('/locked/1')).toMatchObject({ lastModified: -1 });
      expect(await one.get('/free/1')).toBeNull();
    });
  });

  it('knows the not-founds of the build', async () => {
    const site = new Site(appDirectory);
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      expect(await one.get('/missing')).toMatchObject({ value: null });
    });
  });

  it('lets an on-demand set win over an ordinary render of the old content, on every replica', async () => {
    const site = new Site(appDirectory);
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.render('/p', 'old', [], 600);
      await one.cache.flush();
      await two.get('/p');
      const slow = two.request(async ({ handler }) => {
        await handler.get('/p', PAGE_CONTEXT);
        await site.time.sleep(3000);
        await handler.set('/p', pageOf('old'), { ...PAGE_CONTEXT, cacheControl: { revalidate: 600 } });
      });
      await site.time.sleep(10);
      await one.request(
        async ({ handler }) => {
          await handler.get('/p', PAGE_CONTEXT);
          await handler.set('/p', pageOf('new'), { ...PAGE_CONTEXT, cacheControl: { revalidate: 600 } });
        },
        { 'x-prerender-revalidate': 'secret' },
      );
      await slow;
      await two.cache.flush();
      await site.time.sleep(1001);
      expect([htmlOf(await one.get('/p')), htmlOf(await two.get('/p'))]).toEqual(['new', 'new']);
      expect(site.shared.tags.rows.size).toBe(1);
    });
  });

  it('keeps nothing of an ordinary render that Next has joined an on-demand revalidation to', async () => {
    const site = new Site(appDirectory);
    const [one, two] = pair(await site.replicas(2));
    await site.run(async () => {
      const slow = one.request(async ({ handler }) => {
        await handler.get('/p', PAGE_CONTEXT);
        await site.time.sleep(3000);
        await handler.set('/p', pageOf('old'), { ...PAGE_CONTEXT, cacheControl: { revalidate: 600 } });
      });
      await site.time.sleep(10);
      // Next asks, and then waits for the render that is under way.
      await one.get('/p', { 'x-prerender-revalidate': 'secret' });
      await slow;
      await one.cache.flush();
      expect([await one.get('/p'), await two.get('/p')]).toEqual([null, null]);
      await one.render('/p', 'new', [], 600);
      await one.cache.flush();
      await site.time.sleep(1001);
      expect([htmlOf(await one.get('/p')), htmlOf(await two.get('/p'))]).toEqual(['new', 'new']);
    });
  });

  it('does not take a stranger for an on-demand revalidation', async () => {
    const site = new Site(appDirectory);
    const [one] = pair(await site.replicas(2));
    await site.run(async () => {
      await one.request(
        ({ handler }) => handler.set('/p', pageOf('x'), { ...PAGE_CONTEXT, cacheControl: { revalidate: 60 } }),
        { 'x-prerender-revalidate': 'guess' },
      );
      expect(site.shared.tags.rows.size).toBe(0);
    });
  });
});
