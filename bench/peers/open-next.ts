import { build } from 'esbuild';
import path from 'node:path';

import { BENCH, temporaryFolder } from '../harness/app';
import type { Ground } from '../harness/lab';
import { BUCKET, OPEN_NEXT_TABLE } from '../harness/stores';
import { nextStart } from './next-start';
import type { Peer } from './peer';

/** The tag caches of OpenNext: its default, and the newer one with a row a tag. */
export type TagCache = 'dynamodb-lite' | 'dynamodb-nextMode';

export const OPEN_NEXT_BUILD = 'bench-open-next';

const compiled = new WeakMap<Ground, Map<TagCache, Promise<Compiled>>>();

interface Compiled {
  readonly handler: string;
  readonly preload: string;
}

function openNext(tagCache: TagCache): Peer {
  return {
    name: `open-next-${tagCache === 'dynamodb-lite' ? 'lite' : 'next-mode'}`,
    title: `OpenNext, S3 and ${tagCache}`,
    launch: async (ground, name, scope) => {
      const { handler, preload } = await compile(ground, tagCache);
      const environment = {
        ...ground.stores.environment(name),
        NEXT_CACHE_HANDLER_PATH: handler,
        CACHE_BUCKET_NAME: BUCKET,
        CACHE_BUCKET_REGION: 'us-east-1',
        CACHE_BUCKET_KEY_PREFIX: `_cache-${tagCache}`,
        CACHE_DYNAMO_TABLE: OPEN_NEXT_TABLE.TableName,
        OPEN_NEXT_BUILD_ID: `${OPEN_NEXT_BUILD}-${tagCache}`,
      };
      return nextStart(ground, scope, environment, [preload]);
    },
  };
}

export const openNextLite = openNext('dynamodb-lite');
export const openNextNextMode = openNext('dynamodb-nextMode');

/** Its build bundles the handler and, into its server, what is around it; so does this. */
async function compile(ground: Ground, tagCache: TagCache): Promise<Compiled> {
  const known = compiled.get(ground) ?? new Map<TagCache, Promise<Compiled>>();
  compiled.set(ground, known);
  const made = known.get(tagCache) ?? bundle(temporaryFolder(ground.lab.scope), tagCache);
  known.set(tagCache, made);
  return made;
}

async function bundle(directory: string, tagCache: TagCache): Promise<Compiled> {
  await build({
    entryPoints: {
      cache: path.join(BENCH, 'node_modules/@opennextjs/aws/dist/adapters/cache.js'),
      preload: path.join(import.meta.dirname, 'open-next-preload.mjs'),
    },
    alias: { 'bench:tag-cache': `@opennextjs/aws/overrides/tagCache/${tagCache}.js` },
    nodePaths: [path.join(BENCH, 'node_modules')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
    outdir: directory,
    logLevel: 'error',
  });
  return { handler: path.join(directory, 'cache.mjs'), preload: path.join(directory, 'preload.mjs') };
}
