export * from './bundle';
export * from './environment';
export * from './headers';
export * from './health';
export * from './table';
