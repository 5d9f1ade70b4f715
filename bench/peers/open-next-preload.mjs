// What OpenNext's server sets up around its cache handler (core/createMainHandler.js, core/requestHandler.js), around `next start`:
// the caches as globals, and a context a request. Its addresses of AWS become those of the embedded services.
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import incrementalCache from '@opennextjs/aws/overrides/incrementalCache/s3-lite.js';
import { DetachedPromiseRunner } from '@opennextjs/aws/utils/promise.js';
import { RequestCache } from '@opennextjs/aws/utils/requestCache.js';
import tagCache from 'bench:tag-cache';

const { AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_DYNAMODB: dynamoDb } = process.env;
const { fetch } = globalThis;

globalThis.internalFetch = (url, init) => fetch(embedded(new URL(url)), init);
globalThis.openNextConfig = {};
globalThis.nextVersion = '16.4.6';
globalThis.incrementalCache = incrementalCache;
globalThis.tagCache = tagCache;
globalThis.cdnInvalidationHandler = { name: 'dummy', invalidatePaths: () => Promise.resolve() };
globalThis.__openNextAls = new AsyncLocalStorage();

diagnostics.subscribe('http.server.request.start', () => {
  globalThis.__openNextAls.enterWith({
    requestId: Math.random().toString(36),
    pendingPromiseRunner: new DetachedPromiseRunner(),
    isISRRevalidation: false,
    writtenTags: new Set(),
    requestCache: new RequestCache(),
  });
});

function embedded({ hostname, pathname, search }) {
  if (hostname.startsWith('dynamodb.')) return dynamoDb;
  const [bucket] = hostname.split('.s3.');
  return `${s3}/${bucket}${pathname}${search}`;
}
