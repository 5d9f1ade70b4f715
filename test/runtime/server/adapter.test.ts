import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { prepareAppWithAdapter } from '../../fixtures/prepare';
import { versionsWithAdapters } from '../../fixtures/versions';
import { PackedApp } from './packed-app';
import { StartedServer, until } from './started-server';
import { Stores } from './stores';

const REPLICAS = 3;
const IMAGE = '/_next/image?url=%2Fpicture.png&w=640&q=75';
/** Loaded before the preload: Next finds no handler but by the paths that the adapter has put into its configuration. */
const WITHOUT_SYMBOL = `data:text/javascript,${encodeURIComponent(
  'Object.defineProperty(globalThis, Symbol.for("@next/cache-handlers"), { get: () => undefined, set: () => undefined });',
)}`;

const versions = versionsWithAdapters();

describe.skipIf(versions.length === 0).each(versions)('an app of Next.js %s built with the adapter', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let fleet: readonly StartedServer[];

  beforeAll(async () => {
    [app, stores] = await Promise.all([
      prepareAppWithAdapter(version).then((directory) => PackedApp.packBuilt(directory)),
      Stores.start(),
    ]);
    const options = {
      environment: stores.environment,
      command: ['--import', WITHOUT_SYMBOL, ...app.facts.server.command],
    };
    fleet = await Promise.all(Array.from({ length: REPLICAS }, () => StartedServer.start(app, options)));
  });

  afterAll(async () => {
    await Promise.all(fleet.map((server) => server.kill()));
    await Promise.all([app.remove(), stores.close()]);
  });

  /** What the replicas say of one path after the other, each once the entries of the one before are stored. */
  async function askEverywhere(path: string, kind: string): Promise<readonly (string | undefined)[]> {
    const states: (string | undefined)[] = [];
    const stored = (): boolean => stores.keys.some((key) => key.split('/')[2] === kind);
    for (const server of fleet) {
      const { status, headers } = await server.ask(path);
      expect(status).toBe(200);
      states.push(headers['x-nextjs-cache'] as string | undefined);
      await until(stored);
    }
    return states;
  }

  it('optimizes an image once for all replicas', async () => {
    expect(await askEverywhere(IMAGE, 'image')).toEqual(['MISS', 'HIT', 'HIT']);
  });

  it('renders a page once for all replicas', async () => {
    expect(await askEverywhere('/posts/adapter', 'response')).toEqual(['MISS', 'HIT', 'HIT']);
  });

  it("generates 'use cache' data once for all replicas", async () => {
    const path = '/use-cache-dynamic/adapter';
    await askEverywhere(path, 'use-cache');
    const values = await Promise.all(fleet.map(async (server) => valueOf((await server.ask(path)).body)));
    expect(new Set(values).size).toBe(1);
  });

  it('serves what the build prerendered', async () => {
    const answers = await Promise.all(fleet.map((server) => server.ask('/')));
    expect(answers.map(({ headers }) => headers['x-nextjs-cache'])).toEqual(['HIT', 'HIT', 'HIT']);
  });

  it('does not take our handlers for its own', () => {
    expect(fleet.flatMap(({ logLines }) => logLines.filter(({ event }) => event === 'cache.ownHandlers'))).toEqual([]);
  });
});

function valueOf(body: string): string | undefined {
  return /data-value="([^"]*)"/.exec(body)?.[1];
}
