import type { NextConfig } from 'next';

const config: NextConfig = {
  cacheComponents: true,
  partialPrefetching: true,
  poweredByHeader: false,
  // The repository around this app has a lock file too: without these Next.js takes its folder for the app's root.
  turbopack: { root: __dirname },
  outputFileTracingRoot: __dirname,
};

export default config;
