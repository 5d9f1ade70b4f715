import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { BundleFacts } from '../../contract';
import type { Configuration } from '../configuration';
import { Counters, MetricsWriter } from '../counters';
import type { CurrentRequest } from '../http/context';
import type { Log } from '../log';
import { BuildOutput } from '../next/build-output';
import { shareImages } from '../next/images';
import { NextInternals } from '../next/internals';
import { PrerenderManifest } from '../next/prerender-manifest';
import { behaviourOf } from '../next/versions';
import { AwsClients } from '../stores/clients';
import { DynamoDbLeaseStore } from '../stores/dynamodb-lease-store';
import { DynamoDbTagStore } from '../stores/dynamodb-tag-store';
import type { EntryStore } from '../stores/entry-store';
import { guardEntries, guardLeases, guardTags, StoreGuard } from '../stores/guard';
import { S3EntryStore } from '../stores/s3-entry-store';
import type { LeaseStore, TagStore } from '../stores/tag-store';
import { type Trace, TracedKeeper, TracedReader, traceStores } from '../trace';
import { Assessor } from './assessor';
import { systemClock, TableClock, type Clock } from './clock';
import { EntryKeys } from './entry-key';
import { EntryWriter } from './entry-writer';
import { JoinedRevalidations } from './joined-revalidations';
import { Keeper, type KeeperParts } from './keeper';
import { Leases } from './lease';
import { MemoryLayer } from './memory-layer';
import { Mirror } from './mirror';
import { PluralHandler } from './plural-handler';
import { Presenter } from './presenter';
import { Reader, type ReaderParts } from './reader';
import { Generations, RequestStates } from './request-state';
import { createSingularHandler } from './singular-handler';
import { TagIndex } from './tag-index';
import { TagWriter } from './tag-writer';
import type { Judgement, Verdict } from './verdict';
import { WriteBehind } from './write-behind';

/** The stores behind a cache; AWS' unless given. */
export interface Stores {
  readonly entries: EntryStore;
  readonly tags: TagStore;
  readonly leases: LeaseStore;
  /** Ends their connections. */
  readonly close?: () => void;
}

export interface CacheDependencies {
  readonly facts: BundleFacts;
  /** The app's folder, which is the server's working directory. */
  readonly appDirectory: string;
  readonly requestContext: CurrentRequest;
  readonly log: Log;
  readonly clock?: Clock;
  /** @param tableClock learns from the answers' `Date` headers */
  readonly stores?: (tableClock: TableClock) => Stores;
  /** Hears of every decision. @default - nobody does, and nothing is noted */
  readonly trace?: Trace | undefined;
}

/** A task's cache: Next's handlers, and what the server around them asks. */
export interface Cache {
  /** For `globalThis[Symbol.for('@next/cache-handlers')]`. */
  readonly handlers: {
    readonly FetchCache: ReturnType<typeof createSingularHandler>;
    readonly DefaultCache: PluralHandler;
    readonly RemoteCache: PluralHandler;
  };
  readonly mirror: Mirror;
  readonly counters: Counters;
  /** Keeps optimized images for all replicas, where this version of Next can; for when its server is loaded. */
  shareImages(): void;
  /** What the tags say now about a verdict given earlier. */
  judge(verdict: Verdict): Judgement;
  /** Resolves when every pending write is done and every lease is given back. */
  flush(): Promise<void>;
  /** Stops timers and connections. */
  close(): void;
}

/** How long one attempt to write a tag row may take, in milliseconds. */
const TAG_WRITE_TIMEOUT = 1000;
/** How long the store may take for what no request waits for, in milliseconds. */
const WRITE_TIMEOUT = 15_000;
const LEAST_READ_TIMEOUT = 1000;

/** Puts one task's cache together. Makes no call and reads no credentials before it is used. */
export function createCache(configuration: Configuration, dependencies: CacheDependencies): Cache {
  const { facts, log, clock = systemClock, trace } = dependencies;
  const behaviour = behaviourOf(facts.nextVersion);
  const counters = new Counters();
  const tableClock = new TableClock(clock, configuration.skewBound);
  const guards = {
    s3: new StoreGuard('s3', configuration.bucket, clock, counters, log),
    dynamodb: new StoreGuard('dynamodb', configuration.table, clock, counters, log),
  };
  const made = (dependencies.stores ?? awsStores(configuration, clock, counters))(tableClock);
  const stores = trace === undefined ? made : traceStores(made, trace);
  const entries = guardEntries(stores.entries, guards.s3);
  const tags = guardTags(stores.tags, guards.dynamodb);
  // A request waits no longer than its budget, but the call may serve the next one.
  const readTimeout = Math.max(configuration.budget, LEAST_READ_TIMEOUT);

  // A prerendered answer has seen what was revalidated before the build began, by clocks that may differ.
  const buildHorizon = facts.buildTime - configuration.skewBound;
  const beginning = buildHorizon - configuration.skewBound - TAG_WRITE_TIMEOUT;
  const index = new TagIndex(configuration.mirrorRows, beginning, () => clock.monotonic());
  const mirror = new Mirror(
    tags,
    index,
    { ...configuration, writeTimeout: TAG_WRITE_TIMEOUT, readTimeout, beginning },
    clock,
    tableClock,
    counters,
    log,
  );
  const assessor = new Assessor(index, tableClock, () => mirror.loaded, behaviour.expireEnds);
  const memory = new MemoryLayer(configuration.memory);
  const writeBehind = new WriteBehind(configuration.writeBuffer, clock, (objectKey) => {
    counters.count('write.dropped');
    void leases.release(objectKey);
  });
  const leases = new Leases(
    guardLeases(stores.leases, guards.dynamodb),
    randomUUID(),
    { duration: configuration.lease, timeout: readTimeout },
    clock,
    tableClock,
    counters,
    log,
  );
  const tagWriter = new TagWriter(tags, index, TAG_WRITE_TIMEOUT, clock, tableClock, counters, log);
  const states = new RequestStates(dependencies.requestContext, clock, configuration.budget);
  const generations = new Generations(clock, index);
  const keys = new EntryKeys(configuration.site, facts.namespace, configuration.sharedFetches);
  const readerParts: ReaderParts = {
    leaseWait: configuration.leaseWait,
    timeout: readTimeout,
    memory,
    store: entries,
    tags,
    mirror,
    index,
    assessor,
    leases,
    clock,
    counters,
    onGaveUp: (service) => {
      guards[service].gaveUp();
    },
  };
  const reader = trace === undefined ? new Reader(readerParts) : new TracedReader(readerParts, tableClock, trace);
  const keeperParts: KeeperParts = {
    memory,
    writer: new EntryWriter(entries, WRITE_TIMEOUT, counters),
    writeBehind,
    mirror,
    index,
    generations,
    assessor,
    leases,
    tagWriter,
    clock,
    tableClock,
    counters,
    log,
  };
  const keeper = trace === undefined ? new Keeper(keeperParts) : new TracedKeeper(keeperParts, trace);
  const internals = new NextInternals(dependencies.appDirectory, (module, error) => {
    log.warn('cache.nextModuleMissing', { module, next: facts.nextVersion, error });
  });
  const manifest = PrerenderManifest.read(join(dependencies.appDirectory, facts.server.distDirectory));
  const lifetimes = behaviour.lifetimeFrom === 'entry' ? undefined : internals.lifetimes();
  const core = { states, reader, keeper, generations, assessor, tagWriter, keys, clock, tableClock, counters, log };
  const singular = createSingularHandler({
    ...core,
    joined: new JoinedRevalidations(clock),
    presenter: new Presenter(behaviour, assessor, lifetimes, clock, tableClock),
    buildOutput: new BuildOutput(internals, manifest),
    manifest,
    behaviour,
    buildHorizon,
    buildTime: facts.buildTime,
  });
  const plural = new PluralHandler(core);

  counters.gauge('mirror.age', () => mirror.age);
  counters.gauge('mirror.rows', () => index.size);
  counters.gauge('mirror.skew', () => tableClock.offset);
  counters.gauge('memory.bytes', () => memory.bytes);
  counters.gauge('memory.entries', () => memory.size);
  counters.gauge('writes.pending', () => writeBehind.pending);
  counters.gauge('breaker.s3.open', () => Number(guards.s3.isOpen));
  counters.gauge('breaker.dynamodb.open', () => Number(guards.dynamodb.isOpen));
  const stopMetrics = configuration.metrics ? writeMetrics(counters, configuration, clock) : undefined;

  return {
    handlers: { FetchCache: singular, DefaultCache: plural, RemoteCache: plural },
    mirror,
    counters,
    shareImages: () => {
      if (behaviour.imageHandler) shareImages(internals, new singular({}));
    },
    judge: (verdict) => assessor.judgeVerdict(verdict),
    flush: async () => {
      await plural.flush();
      await writeBehind.flush();
      await leases.releaseAll();
    },
    close: () => {
      stopMetrics?.();
      mirror.close();
      stores.close?.();
    },
  };
}

function awsStores(configuration: Configuration, clock: Clock, counters: Counters): (tableClock: TableClock) => Stores {
  const { bucket, table, site, tagShards } = configuration;
  return (tableClock) => {
    const clients = new AwsClients(() => clock.now(), {
      called: (service, operation) => {
        counters.count(`call.${service}.${operation}`);
      },
      answered: (sentAt, receivedAt, date) => {
        tableClock.observe(sentAt, receivedAt, date);
      },
    });
    return {
      entries: new S3EntryStore(
        () => clients.s3,
        bucket,
        () => clients.reads,
      ),
      tags: new DynamoDbTagStore(() => clients.dynamoDb, table, site, tagShards),
      leases: new DynamoDbLeaseStore(() => clients.dynamoDb, table, site),
      close: () => {
        clients.close();
      },
    };
  };
}

/** Writes metric lines once a period, and once more when stopped. */
function writeMetrics(counters: Counters, { site, metricsPeriod }: Configuration, clock: Clock): () => void {
  const writer = new MetricsWriter(counters, site, (line) => process.stdout.write(`${line}\n`));
  let cancel = (): void => undefined;
  const next = (): void => {
    cancel = clock.schedule(metricsPeriod, () => {
      writer.flush(clock.now());
      next();
    });
  };
  next();
  return () => {
    cancel();
    writer.flush(clock.now());
  };
}
