import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { NEWEST_VERSION } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { StartedServer, until } from '../server/started-server';
import { Stores } from '../server/stores';
import { gauged, metricLines } from './metrics';

const MEBIBYTE = 1024 * 1024;
const LIMIT = 64 * MEBIBYTE;
const WORKING_SET = 1024 * MEBIBYTE;
/** Characters of a page's text, which the layer keeps as HTML (two bytes a character) and as a payload for the router. */
const TEXT = 4 * MEBIBYTE;
const PAGES = Math.ceil(WORKING_SET / (3 * TEXT));
/** Each page is rendered, and later read from the store again, because the layer has no room for it. */
const ROUNDS = 2;
const WINDOWS_A_ROUND = 3;
/** What a garbage collector's mood may add to the peak of a window. A layer that kept everything would more than double it. */
const TOLERANCE = 1.5;

describe('the memory of a server whose working set is sixteen times its memory layer', () => {
  let app: PackedApp;
  let stores: Stores;
  let server: StartedServer;

  beforeAll(async () => {
    [app, stores] = await Promise.all([PackedApp.pack(NEWEST_VERSION), Stores.start()]);
    server = await StartedServer.start(app, {
      environment: {
        ...stores.environment,
        [Environment.CACHE_MEMORY]: String(LIMIT / MEBIBYTE),
        [Environment.METRICS_PERIOD]: '1',
      },
    });
  });

  afterAll(async () => {
    await server.kill();
    await Promise.all([app.remove(), stores.close()]);
  });

  it('stays within the bound of the layer, and levels off', { timeout: 300_000 }, async () => {
    const { pid } = JSON.parse((await server.ask('/api/dynamic')).body) as { pid: number };
    const peaks: number[] = Array.from({ length: ROUNDS * WINDOWS_A_ROUND }, () => 0);
    for (let request = 0; request < ROUNDS * PAGES; request += 1) {
      const page = `/big/${TEXT / 1024}/page-${request % PAGES}`;
      const { status, body } = await server.ask(page);
      expect([page, status, body.length > TEXT]).toEqual([page, 200, true]);
      const window = Math.floor((request / PAGES) * WINDOWS_A_ROUND);
      peaks[window] = Math.max(peaks[window] ?? 0, await residentBytes(pid));
    }
    const [first = 0, ...later] = peaks;
    expect(Math.max(...later)).toBeLessThan(first * TOLERANCE);

    const lines = metricLines(server).length;
    await until(() => metricLines(server).length > lines);
    const layer = gauged(server, 'memory.bytes');
    expect(Math.max(...layer)).toBeLessThanOrEqual(LIMIT);
    // It is used, too.
    expect(Math.max(...layer)).toBeGreaterThan(LIMIT / 2);
  });
});

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
