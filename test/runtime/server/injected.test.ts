import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { behaviourOf } from '../../../runtime/next/versions';
import { Origin } from '../../fixtures/origin';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from './packed-app';
import { StartedServer, until } from './started-server';
import { Stores } from './stores';

/** Loaded before the preload: Next finds nothing under the symbol by which the preload hands handlers over. */
const WITHOUT_SYMBOL =
  'Object.defineProperty(globalThis, Symbol.for("@next/cache-handlers"), { get: () => undefined, set: () => undefined });';
/** Loaded before the preload: the field that the image optimizer looks at stays as Next itself fills it. */
const WITHOUT_IMAGES =
  'Object.defineProperty(Object.prototype, "imageCacheHandler", { get: () => undefined, set: () => undefined });';

const IMAGE = '/_next/image?url=%2Fpicture.png&w=640&q=75';

type Kind = 'response' | 'fetch' | 'use-cache' | 'image';

describe.each(requestedVersions())('Next.js %s', (version) => {
  let app: PackedApp;
  let origin: Origin;

  beforeAll(async () => {
    [app, origin] = await Promise.all([PackedApp.pack(version), Origin.start()]);
  });

  afterAll(async () => {
    await Promise.all([app.remove(), origin.close()]);
  });

  /** @param modules loaded before the preload */
  async function start(stores: Stores, modules: readonly string[]): Promise<StartedServer> {
    const imports = modules.flatMap((module) => ['--import', `data:text/javascript,${encodeURIComponent(module)}`]);
    return StartedServer.start(app, {
      environment: { ...stores.environment, FIXTURE_ORIGIN: origin.url },
      command: [...imports, ...app.facts.server.command],
    });
  }

  /** Asks a server for one answer of each kind, and says of which kinds the handlers have stored an entry. */
  async function kindsStored(modules: readonly string[] = []): Promise<readonly Kind[]> {
    const stores = await Stores.start();
    const server = await start(stores, modules);
    const paths = ['/posts/injected', '/fetched/injected', '/use-cache/injected', IMAGE];
    const answers = await Promise.all(paths.map((target) => server.ask(target)));
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
    // Stops once every pending write is done.
    expect(await server.stop()).toBe(0);
    const kinds = new Set(stores.keys.map((key) => key.split('/')[2] as Kind));
    await stores.close();
    return [...kinds].sort();
  }

  const images = behaviourOf(version).imageHandler;

  it('takes the handlers of pages, fetches and `use cache`, and that of images where it has one', async () => {
    const expected: readonly Kind[] = ['fetch', ...(images ? (['image'] as const) : []), 'response', 'use-cache'];
    expect(await kindsStored()).toEqual(expected);
  });

  it('would store none of them if it did not take them', async () => {
    expect(await kindsStored([WITHOUT_SYMBOL, WITHOUT_IMAGES])).toEqual([]);
  });

  it.runIf(images)('takes that of images by a way of its own', async () => {
    expect(await kindsStored([WITHOUT_SYMBOL])).toEqual(['image']);
  });

  it('without the symbol keeps pages by itself, and no verdict lets the edge keep them', async () => {
    const stores = await Stores.start();
    const server = await start(stores, [WITHOUT_SYMBOL]);
    await server.ask('/posts/kept');
    await until(async () => (await server.ask('/posts/kept')).headers['x-nextjs-cache'] === 'HIT');
    expect((await server.ask('/posts/kept')).headers['cache-control']).toBe('s-maxage=1');
    await server.kill();
    await stores.close();
  });
});
