import type { ExampleOptions } from './support';

/** The examples of distributions, each with what its build has to be. */
export const EDGE_EXAMPLES = {
  'asset-host': { apps: { '../web': { assetPrefix: 'https://assets.example.com' } } },
  'base-path': { apps: { '../web': { basePath: '/shop', images: { path: '/shop/_next/image' } } } },
  'custom-domain': { apps: { '../web': {} } },
  'existing-distribution': { apps: { '../web': { basePath: '/shop', images: { path: '/shop/_next/image' } } } },
} satisfies Record<string, ExampleOptions>;
