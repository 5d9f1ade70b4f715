export * from './nextjs-assets';
export * from './nextjs-build';
export * from './nextjs-cache';
export * from './nextjs-distribution';
export * from './nextjs-policies';
export * from './nextjs-service';
export * from './nextjs-service-options';
export * from './nextjs-site';
