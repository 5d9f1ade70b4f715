/**
 * What edge and balancer of the local stack cost, and what they bear: `npm run bench:edge`. Writes bench/results/edge.json and prints it; `met`
 * says whether the bounds hold, which is meant for a machine with nothing else to do: `load` tells.
 *
 * The stack is the package's own bundle, which is what users run.
 */
import { loadavg, tmpdir } from 'node:os';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { LocalStack } from '../local';
import { synthesizePlainStack } from '../test/local/stack/plain-stack';
import { describeMachine } from './harness/machine';
import { untilQuiet } from './harness/quiet';
import { quantile } from './harness/statistics';
import { Viewers } from './harness/viewers';

const BUNDLE = join(import.meta.dirname, '../dist/local/index.js');
const RESULT = join(import.meta.dirname, 'results/edge.json');

/** Of the promises. */
const BOUNDS = { hit: 1, miss: 2, firstByte: 5, hitsPerSecond: 3000, openStreams: 1000 };

/** A third of them each: hits, misses, and what the replica answers directly. */
const REQUESTS = 1500;

const MIB = 1024 * 1024;
/** Far more than the edge may keep, in objects of 100 kB. */
const LARGE_OBJECTS = 6000;

function summary(values: readonly number[]) {
  return { median: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** At 100 requests a second: what a hit and a miss take above what the same answer takes of the replica, asked directly. */
async function latency(viewers: Viewers, site: string, replica: string) {
  const quiet = await untilQuiet();
  const answers = await viewers.rate([`${site}/hit`, `${site}/miss`, `${replica}/miss`], 100, REQUESTS);
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
  await viewers.rate([`${stack.url}/hit`, `${stack.url}/miss`, `${replica}/miss`], 100, 150);
  const atFirst = await latency(viewers, stack.url, replica);
  for (const path of ['hit', 'miss']) await viewers.flood(`${stack.url}/${path}`, 5000, 20);
  await viewers.flood(`${replica}/miss`, 5000, 20);
  const later = await latency(viewers, stack.url, replica);
  const hitsPerSecond = Math.round(await viewers.flood(`${stack.url}/hit`, 20_000, 20));
  const open = await streams(viewers, stack.url, replica);
  return { atFirst, later, hitsPerSecond, streams: open, megabytes: await memory(viewers, stack) };
}

function met({ atFirst, later, hitsPerSecond, streams: open, megabytes }: Awaited<ReturnType<typeof measure>>) {
  return {
    hit: Math.max(atFirst.hit.added, later.hit.added) <= BOUNDS.hit,
    miss: Math.max(atFirst.miss.added, later.miss.added) <= BOUNDS.miss,
    hitsPerSecond: hitsPerSecond >= BOUNDS.hitsPerSecond,
    firstByte: open.added <= BOUNDS.firstByte,
    openStreams: open.open >= BOUNDS.openStreams,
    memory: megabytes.cached < megabytes.asked && megabytes.grown < megabytes.asked,
  };
}

async function main(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-bench-'));
  const { assembly } = await synthesizePlainStack(scratch);
  const bundle = (await import(pathToFileURL(BUNDLE).href)) as { LocalStack: typeof LocalStack };
  const stack = await bundle.LocalStack.start(assembly, {
    replicas: 1,
    containers: { web: join(import.meta.dirname, 'edge-origin') },
  });
  const viewers = new Viewers();
  try {
    const result = await measure(stack, viewers);
    const machine = { ...describeMachine(), node: process.version, load: loadavg().map(round) };
    const record = { bench: 'edge', unit: 'ms', at: new Date().toISOString(), machine, ...result, met: met(result) };
    await writeFile(RESULT, `${JSON.stringify(record, undefined, 2)}\n`);
    console.log(JSON.stringify(record, undefined, 2));
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
