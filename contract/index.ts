export * from './bundle';
export * from './cache-metrics';
export * from './environment';
export * from './headers';
export * from './health';
export * from './purge';
export * from './revalidation';
export * from './table';
