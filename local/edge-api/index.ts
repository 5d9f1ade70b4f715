export { CloudFrontServer, type CloudFrontServerOptions } from './cloudfront-server';
export type { InvalidationQuotaOptions } from './invalidation-quota';
export type { InvalidationState } from './invalidations';
