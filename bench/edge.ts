/**
 * What edge and balancer of the local stack cost, and what they bear: `npm run bench:edge`. Writes bench/results/edge.json and the figures in
 * docs/local.md, and ends with 1 where a bound is missed: meant for a machine with nothing else to do.
 *
 * The stack is the package's own bundle, which is what users run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { LocalStack } from '../local';
import { synthesizePlainStack } from '../test/local/stack/plain-stack';
import { load } from './harness/machine';
import { untilQuiet } from './harness/quiet';
import type { Row } from './harness/result';
import { quantile } from './harness/statistics';
import { Viewers } from './harness/viewers';
import { conclude } from './report/conclude';

const BUNDLE = join(import.meta.dirname, '../dist/local/index.js');

/** Of the promises. */
const BOUNDS = { hit: 1, miss: 2, firstByte: 5, hitsPerSecond: 3000, openStreams: 1000, cached: 256 };

const PER_SECOND = 100;

const MIB = 1024 * 1024;
/** Far more than the edge may keep, in objects of 100 kB. */
const LARGE_OBJECTS = 6000;

function summary(values: readonly number[]) {
  return { median: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A third each of hits, misses, and what the replica answers directly: what the first two take above the last. */
async function latency(viewers: Viewers, site: string, replica: string, seconds: number) {
  const quiet = await untilQuiet();
  const answers = await viewers.rate(
    [`${site}/hit`, `${site}/miss`, `${replica}/miss`],
    PER_SECOND,
    PER_SECOND * seconds,
  );
  const [hit = [], miss = [], direct = []] = answers.map((list) => list.map(({ total }) => total));
  const own = quantile(direct, 0.5);
  const added = (values: readonly number[]): number => round(quantile(values, 0.5) - own);
  return {
    quiet,
    replica: summary(direct),
    hit: { ...summary(hit), added: added(hit) },
    miss: { ...summary(miss), added: added(miss) },
  };
}

/** Streams that stay open, the first bytes of some compared with those of the replica. */
async function streams(viewers: Viewers, site: string, replica: string) {
  await viewers.streams(`${site}/stream`, 20);
  const direct = await viewers.streams(`${replica}/stream`, 200);
  const through = await viewers.streams(`${site}/stream`, BOUNDS.openStreams);
  const added = round(quantile(through, 0.5) - quantile(direct, 0.5));
  return { firstByte: summary(through), replica: summary(direct), added, open: await viewers.leave() };
}

/** What the edge holds, and the whole process, after viewers have asked for much more than it may keep. */
async function memory(viewers: Viewers, stack: LocalStack) {
  const before = process.memoryUsage().rss;
  await viewers.flood(`${stack.url}/large`, LARGE_OBJECTS, 10, true);
  const cached = stack.state.edge?.cached ?? { objects: 0, bytes: 0 };
  const megabytes = (bytes: number): number => Math.round(bytes / MIB);
  const asked = megabytes(LARGE_OBJECTS * 100_000);
  return { asked, cached: megabytes(cached.bytes), grown: megabytes(process.memoryUsage().rss - before) };
}

async function measure(stack: LocalStack, viewers: Viewers) {
  const replica = stack.replicas[0]?.url ?? '';
  const firstMinute = await latency(viewers, stack.url, replica, 60);
  for (const path of ['hit', 'miss']) await viewers.flood(`${stack.url}/${path}`, 5000, 20);
  await viewers.flood(`${replica}/miss`, 5000, 20);
  const later = await latency(viewers, stack.url, replica, 15);
  const hitsPerSecond = Math.round(await viewers.flood(`${stack.url}/hit`, 20_000, 20));
  const open = await streams(viewers, stack.url, replica);
  return { firstMinute, later, hitsPerSecond, streams: open, megabytes: await memory(viewers, stack) };
}

function rowsOf({
  firstMinute,
  later,
  hitsPerSecond,
  streams: open,
  megabytes,
}: Awaited<ReturnType<typeof measure>>): Row[] {
  const latencies = [
    [firstMinute, 'in its first minute'],
    [later, 'once warm'],
  ] as const;
  return [
    ...latencies.flatMap(([{ replica, hit, miss }, when]): Row[] => [
      ms(`a hit, above an answer of the replica itself, ${when}`, hit.added, BOUNDS.hit),
      ms(`a miss, above an answer of the replica itself, ${when}`, miss.added, BOUNDS.miss),
      ms(`a hit, ${when}`, hit.median),
      ms(`an answer of the replica itself, ${when}`, replica.median),
    ]),
    { name: 'hits a second', value: hitsPerSecond, unit: 'requests/s', target: { least: BOUNDS.hitsPerSecond } },
    ms('first byte of a stream, above that of the replica itself', open.added, BOUNDS.firstByte),
    { name: 'streams open at once', value: open.open, unit: 'count', target: { least: BOUNDS.openStreams } },
    { name: `kept of ${megabytes.asked} MiB`, value: megabytes.cached, unit: 'MiB', target: { most: BOUNDS.cached } },
    { name: 'growth of the process meanwhile', value: megabytes.grown, unit: 'MiB', target: { most: megabytes.asked } },
  ];
}

function ms(name: string, value: number, most?: number): Row {
  return { name, value, unit: 'ms', ...(most !== undefined && { target: { most } }) };
}

async function main(): Promise<void> {
  const [before, since] = [load(), performance.now()];
  const scratch = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-bench-'));
  const { assembly } = await synthesizePlainStack(scratch);
  const bundle = (await import(pathToFileURL(BUNDLE).href)) as { LocalStack: typeof LocalStack };
  const stack = await bundle.LocalStack.start(assembly, {
    replicas: 1,
    containers: { web: join(import.meta.dirname, 'edge-origin') },
  });
  const viewers = new Viewers();
  try {
    const raw = await measure(stack, viewers);
    const seconds = Math.round((performance.now() - since) / 1000);
    await conclude({
      bench: 'edge',
      title: 'Edge and balancer',
      load: [before, load()],
      seconds,
      rows: rowsOf(raw),
      raw,
    });
  } finally {
    await viewers.close();
    await stack.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
