import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

import { Environment, Header } from '../contract';
import { LOG_LEVELS, type LogLevel } from './log';

/** What the constructs (or a user) set by environment variables, checked and with defaults filled in. */
export interface Configuration {
  /** Name of the S3 bucket that holds cache entries. Required. */
  readonly bucket: string;
  /** Name of the DynamoDB table that holds tag rows and leases. Required. */
  readonly table: string;
  /** First part of every key. Required. */
  readonly site: string;
  /** Milliseconds that a replica's view of the tags may be old when it answers. 0–60,000; default 1,000. */
  readonly window: number;
  /** Milliseconds beyond the window for which the view still counts as current. 100–60,000; default 2,000. */
  readonly slack: number;
  /** Bytes of the memory layer. 0–1,048,576 MiB; default a quarter of the task's memory. */
  readonly memory: number;
  /** Milliseconds that one request waits for the stores altogether. 10–30,000; default 1,000. */
  readonly budget: number;
  /** Milliseconds that two writers' clocks may differ. 100–60,000; default 2,000. */
  readonly skewBound: number;
  /** Partitions of the site's tag rows. 1–64; default 1, which takes about 300 revalidations a second. */
  readonly tagShards: number;
  /** Tag rows kept in memory, about 300 bytes each. 100–10,000,000; default 50,000. */
  readonly mirrorRows: number;
  /** Milliseconds that a lease lasts. 1,000–600,000; default 15,000. */
  readonly lease: number;
  /** Milliseconds that a request for an expired entry waits for the lease's holder. 0–60,000; default 2,000. */
  readonly leaseWait: number;
  /** Bytes of entries that may wait to be written. 1–4,096 MiB; default 64 MiB. */
  readonly writeBuffer: number;
  /** Whether builds share fetch entries. Default no. */
  readonly sharedFetches: boolean;
  /** Milliseconds that the load balancer keeps an idle connection. 1–4,000 s; default 60 s. */
  readonly loadBalancerIdleTimeout: number;
  /** Milliseconds between SIGTERM and SIGKILL. 2–120 s; default 30 s. */
  readonly stopTimeout: number;
  /** Default `info`. */
  readonly logLevel: LogLevel;
  /** Whether CloudWatch embedded-metric lines are written. Default yes. */
  readonly metrics: boolean;
  /** Milliseconds between metric lines. 1–3,600 s; default 60 s, the resolution of CloudWatch's ordinary metrics. */
  readonly metricsPeriod: number;
  /** Whether pages that a proxy (middleware) matches may be kept in shared caches. Default no. */
  readonly cacheProxiedRoutes: boolean;
  /** Seconds that shared caches may keep a 404 for which the app itself named no lifetime. 0–86,400; default 10. */
  readonly notFoundMaxAge: number;
  /** Response header that carries cache tags to CloudFront. Default `x-nextjs-cache-tag`. */
  readonly cacheTagHeader: string;
}

/** The environment does not configure the cache. The message is one line that says how to set it right. */
export class ConfigurationError extends Error {
  constructor(message: string) {
    super(`cdk-nextjs-ecs configuration: ${message}`);
    this.name = 'ConfigurationError';
  }
}

type Variables = Readonly<Record<string, string | undefined>>;

const MEBIBYTE = 1024 * 1024;
const SECOND = 1000;

/** @throws ConfigurationError at the first variable that is missing or out of bounds */
export function readConfiguration(variables: Variables = process.env): Configuration {
  const integer = (name: string, bounds: Bounds): number => readInteger(variables, name, bounds);
  const flag = (name: string, otherwise: boolean): boolean => readFlag(variables, name, otherwise);
  return {
    bucket: readName(variables, Environment.CACHE_BUCKET, 'the S3 bucket that holds cache entries'),
    table: readName(variables, Environment.CACHE_TABLE, 'the DynamoDB table that holds tag rows'),
    site: readSite(variables),
    window: integer(Environment.CACHE_WINDOW, { least: 0, most: 60_000, otherwise: 1000, unit: 'milliseconds' }),
    slack: integer(Environment.CACHE_SLACK, { least: 100, most: 60_000, otherwise: 2000, unit: 'milliseconds' }),
    memory:
      integer(Environment.CACHE_MEMORY, { least: 0, most: 1_048_576, otherwise: defaultMemory(), unit: 'MiB' }) *
      MEBIBYTE,
    budget: integer(Environment.CACHE_BUDGET, { least: 10, most: 30_000, otherwise: 1000, unit: 'milliseconds' }),
    skewBound: integer(Environment.CACHE_SKEW_BOUND, {
      least: 100,
      most: 60_000,
      otherwise: 2000,
      unit: 'milliseconds',
    }),
    tagShards: integer(Environment.CACHE_TAG_SHARDS, { least: 1, most: 64, otherwise: 1, unit: 'partitions' }),
    mirrorRows: integer(Environment.CACHE_MIRROR_ROWS, {
      least: 100,
      most: 10_000_000,
      otherwise: 50_000,
      unit: 'rows',
    }),
    lease: integer(Environment.CACHE_LEASE, { least: 1000, most: 600_000, otherwise: 15_000, unit: 'milliseconds' }),
    leaseWait: integer(Environment.CACHE_LEASE_WAIT, { least: 0, most: 60_000, otherwise: 2000, unit: 'milliseconds' }),
    writeBuffer:
      integer(Environment.CACHE_WRITE_BUFFER, { least: 1, most: 4096, otherwise: 64, unit: 'MiB' }) * MEBIBYTE,
    sharedFetches: flag(Environment.CACHE_SHARED_FETCHES, false),
    loadBalancerIdleTimeout:
      integer(Environment.LOAD_BALANCER_IDLE_TIMEOUT, { least: 1, most: 4000, otherwise: 60, unit: 'seconds' }) *
      SECOND,
    stopTimeout: integer(Environment.STOP_TIMEOUT, { least: 2, most: 120, otherwise: 30, unit: 'seconds' }) * SECOND,
    logLevel: readLogLevel(variables),
    metrics: flag(Environment.METRICS, true),
    metricsPeriod:
      integer(Environment.METRICS_PERIOD, { least: 1, most: 3600, otherwise: 60, unit: 'seconds' }) * SECOND,
    cacheProxiedRoutes: flag(Environment.CACHE_PROXIED_ROUTES, false),
    notFoundMaxAge: integer(Environment.NOT_FOUND_MAX_AGE, { least: 0, most: 86_400, otherwise: 10, unit: 'seconds' }),
    cacheTagHeader: readHeaderName(variables, Environment.CACHE_TAG_HEADER, Header.CACHE_TAG),
  };
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
  readonly unit: string;
}

function readInteger(variables: Variables, name: string, bounds: Bounds): number {
  const text = variables[name]?.trim();
  if (text === undefined || text === '') return bounds.otherwise;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= bounds.least && value <= bounds.most) return value;
  throw new ConfigurationError(
    `${name}: must be an integer from ${String(bounds.least)} to ${String(bounds.most)} (${bounds.unit}); received '${text}'`,
  );
}

function readFlag(variables: Variables, name: string, otherwise: boolean): boolean {
  const text = variables[name]?.trim();
  if (text === undefined || text === '') return otherwise;
  if (text === '0' || text === '1') return text === '1';
  throw new ConfigurationError(`${name}: must be 0 or 1; received '${text}'`);
}

function readName(variables: Variables, name: string, meaning: string): string {
  const text = variables[name]?.trim();
  if (text === undefined || text === '') {
    throw new ConfigurationError(`${name} is not set: set it to the name of ${meaning}`);
  }
  return text;
}

function readHeaderName(variables: Variables, name: string, otherwise: string): string {
  const header = variables[name]?.trim().toLowerCase();
  if (header === undefined || header === '') return otherwise;
  if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(header)) return header;
  throw new ConfigurationError(`${name}: must be the name of a header; received '${header}'`);
}

/** The site is a part of object keys and partition keys, which it must not be able to leave. */
function readSite(variables: Variables): string {
  const site = readName(variables, Environment.CACHE_SITE, 'the site');
  if (/^[\w.-]{1,128}$/.test(site)) return site;
  throw new ConfigurationError(
    `${Environment.CACHE_SITE}: must be 1 to 128 letters, digits, '.', '_' or '-'; received '${site}'`,
  );
}

function readLogLevel(variables: Variables): LogLevel {
  const text = variables[Environment.LOG_LEVEL]?.trim();
  if (text === undefined || text === '') return 'info';
  const level = LOG_LEVELS.find((candidate) => candidate === text);
  if (level !== undefined) return level;
  throw new ConfigurationError(`${Environment.LOG_LEVEL}: must be one of ${LOG_LEVELS.join(', ')}; received '${text}'`);
}

/** A quarter of what the task may use: the container's limit where it has one, else the machine's memory. */
function defaultMemory(): number {
  return Math.floor(Math.min(totalmem(), containerLimit()) / 4 / MEBIBYTE);
}

/** cgroup v2, then v1; a container without a limit of its own says `max` or a number above any memory. */
const LIMIT_FILES = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

function containerLimit(): number {
  for (const file of LIMIT_FILES) {
    try {
      const limit = Number(readFileSync(file, 'utf8').trim());
      if (limit > 0) return limit;
    } catch {
      // Not this version of cgroups.
    }
  }
  return Number.POSITIVE_INFINITY;
}
