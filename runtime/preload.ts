import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { type BundleFacts, TRACE_VARIABLE } from '../contract';
import { type Cache, createCache } from './cache';
import { type Configuration, readConfiguration } from './configuration';
import { AnswerPolicy } from './http/answer';
import { currentRequest } from './http/context';
import { ProxiedPaths } from './http/proxied-paths';
import { injectHandlers } from './injection';
import { type Log, createLog } from './log';
import { type PackedBuild, readPackedBuild } from './server/bundle-facts';
import { guardDoor } from './server/door';
import { createDoorkeeper } from './server/doorkeeper';
import { HealthCheck } from './server/health';
import { InFlight } from './server/in-flight';
import { handOverNextConfig } from './server/next-config';
import { OtherBuildsPictures } from './server/other-builds-pictures';
import { untilNextAnswers } from './server/probe';
import { Shutdown } from './server/shutdown';
import { isServerProcess } from './server/this-process';
import { setTimeouts } from './server/timeouts';
import { cappedBecause, type Trace, TraceConnection, traceRequest } from './trace';

/** What `node --import` loads before `next start`. */
function main(): void {
  const build = readPackedBuild(path.dirname(fileURLToPath(import.meta.url)));
  if (!isServerProcess(build)) return;
  const configuration = readConfiguration(process.env);
  const log = createLog(configuration.logLevel);
  const config = handOverNextConfig(build);
  const trace = connectTrace(process.env);
  const cache = createCache(configuration, {
    facts: build.facts,
    appDirectory: build.appDirectory,
    requestContext: currentRequest,
    log,
    trace,
  });
  trace?.follow(() => cache.counters.snapshot());
  const own = injectHandlers(cache.handlers, config);
  if (own.length > 0)
    log.warn('cache.ownHandlers', {
      kept: own,
      effect: 'Their entries are not shared, and the edge keeps them for a second.',
    });
  const onAnswering = (): void => {
    // With a handler in its configuration, the adapter's as well, Next does as that says.
    if ((config.cacheHandler ?? '') === '') cache.shareImages();
  };
  serve(build, configuration, { cache, log, trace }, onAnswering);
}

/** Only the local stack asks for a trace. */
function connectTrace(variables: NodeJS.ProcessEnv): TraceConnection | undefined {
  const address = variables[TRACE_VARIABLE];
  return address === undefined ? undefined : new TraceConnection(address, variables.AWS_ACCESS_KEY_ID ?? '');
}

interface Parts {
  readonly cache: Cache;
  readonly log: Log;
  readonly trace: Trace | undefined;
}

/** @param onAnswering called when Next is loaded, before any request is let in */
function serve(build: PackedBuild, configuration: Configuration, parts: Parts, onAnswering: () => void): void {
  const { cache, log, trace } = parts;
  const health = new HealthCheck(['cache', 'server']);
  const inFlight = new InFlight();
  const shutdown = new Shutdown({
    health,
    inFlight,
    stopTimeout: configuration.stopTimeout,
    log,
    flush: async () => {
      await cache.flush();
      cache.close();
    },
    pending: () => cache.counters.snapshot()['writes.pending'] ?? 0,
  });
  guardDoor(
    createDoorkeeper({
      health,
      inFlight,
      shutdown,
      policy: createPolicy(build.facts, configuration, parts),
      pictures: new OtherBuildsPictures(build),
      ...(trace && { onRequest: traceRequest.bind(undefined, trace) }),
      onListening: (server) => {
        setTimeouts(server, configuration.loadBalancerIdleTimeout);
        shutdown.serve(server);
        logStart(build.facts, configuration, server.keepAliveTimeout, log);
        void untilNextAnswers(server).then(() => {
          onAnswering();
          health.fulfill('server');
        });
      },
    }),
  );
  void cache.mirror.start().then(() => {
    health.fulfill('cache');
  });
}

function createPolicy(facts: BundleFacts, configuration: Configuration, { cache, log, trace }: Parts): AnswerPolicy {
  return new AnswerPolicy({
    namespace: facts.namespace,
    notFoundMaxAge: configuration.notFoundMaxAge,
    cacheTagHeader: configuration.cacheTagHeader,
    proxied: new ProxiedPaths(configuration.cacheProxiedRoutes ? [] : facts.proxyMatchers, facts.basePath),
    imagePath: facts.images.path,
    judge: { judge: (verdict) => cache.judge(verdict), mirrorIsCurrent: () => cache.mirror.current() },
    log,
    onCapped: () => {
      cache.counters.count('capped');
      trace?.note(cappedBecause(cache.mirror, cache.counters.snapshot()['mirror.skew'] ?? 0));
    },
  });
}

function logStart(facts: BundleFacts, configuration: Configuration, keepAlive: number, log: Log): void {
  const { bucket, table, site, window } = configuration;
  log.info('server.started', {
    next: facts.nextVersion,
    node: process.versions.node,
    version: facts.packageVersion,
    build: facts.buildId,
    namespace: facts.namespace,
    cache: { bucket, table, site },
    window,
    keepAlive,
  });
}

try {
  main();
} catch (error) {
  // One line that says what to do; a stack would hide it.
  const message = error instanceof Error ? error.message : String(error);
  createLog('error').error('server.notStarted', { message });
  process.exit(1);
}
