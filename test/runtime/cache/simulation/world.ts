import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { PAGES, valueOf } from './app';
import type { Random } from './random';
import type { Reference } from './reference';
import type { Scenario } from './scenario';
import type { Services } from './services';
import type { VirtualTime } from './virtual-time';

/** What a run's replicas have in common. */
export interface World {
  readonly scenario: Scenario;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly reference: Reference;
  readonly services: Services;
  readonly appDirectory: string;
  /** How often a render fails. */
  failing: number;
}

/** A build of the app: its pages show what was there to see when it began. */
export interface Build {
  readonly namespace: string;
  readonly time: number;
  /** What Next would read from files, by key. */
  readonly files: ReadonlyMap<string, { readonly value: object }>;
}

/** When a run begins, by clocks that are right. */
export const EPOCH = 1_800_000_000_000;
export const PREVIEW_MODE_ID = 'preview-mode-id';

/** `next build`, begun now and done at once. */
export function buildOf({ time, reference }: World): Build {
  const files = new Map(PAGES.map((page) => [page.name, { value: valueOf(page, reference.readPage(page)) }]));
  return { namespace: `build-${String(time.now)}`, time: EPOCH + time.now, files };
}

/**
 * Makes the folder of an app: the build's manifest, and in place of Next's reader of prerendered files one that asks the `fs` which it
 * is given. No run reads files for its pages.
 */
export function makeAppDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-simulation-'));
  const routes = Object.fromEntries(PAGES.map(({ name }) => [name, { initialRevalidateSeconds: false }]));
  const preview = { previewModeId: PREVIEW_MODE_ID };
  const files = {
    '.next/prerender-manifest.json': JSON.stringify({ routes, dynamicRoutes: {}, notFoundRoutes: [], preview }),
    'node_modules/next/dist/server/lib/incremental-cache/file-system-cache.js': FILE_SYSTEM_CACHE,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

const FILE_SYSTEM_CACHE = `exports.default = class {
  constructor(options) { this.fs = options.fs; }
  get(key) { return Promise.resolve(this.fs.get(key) ?? null); }
};`;
