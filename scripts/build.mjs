// Bundles what jsii does not compile: the runtime (assets/), the local stack (dist/local) and the entries (dist/bin).
import { build } from 'esbuild';
import { readdir, stat } from 'node:fs/promises';
import { leanSdk } from './lean-sdk.mjs';
import { writeNotices } from './notices.mjs';

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  // Licences are in dist/THIRD-PARTY-NOTICES.txt, whole.
  legalComments: 'none',
  metafile: true,
};

// CommonJS packages inside an ES module still call require: https://github.com/evanw/esbuild/issues/1921
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** One self-contained file each: the user's app installs nothing for them. */
const runtime = build({
  ...common,
  entryPoints: {
    preload: 'runtime/preload.ts',
    'upload/index': 'runtime/assets-upload/index.ts',
    'purge/index': 'runtime/purge/index.ts',
    revalidate: 'runtime/revalidate/index.ts',
    adapter: 'runtime/adapter.ts',
    // Named so that they are known as ours in an app's configuration.
    'cdk-nextjs-ecs-cache-handler': 'runtime/cache-handler.ts',
    'cdk-nextjs-ecs-use-cache-handler': 'runtime/use-cache-handler.ts',
  },
  format: 'esm',
  outdir: 'assets',
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  // A task loads it at its start. Names stay for stack traces.
  minify: true,
  keepNames: true,
  plugins: [leanSdk],
  banner: { js: requireBanner },
});

/** Most of the bytes, and needed by few commands: a file each, so that no command waits for what it does not use to be parsed. */
const APART = { '@vercel/nft': 'nft', '@aws-sdk/client-cloudformation': 'client-cloudformation' };

const apart = {
  name: 'apart',
  setup({ onResolve }) {
    const packages = new RegExp(`^(${Object.keys(APART).join('|')})$`);
    onResolve({ filter: packages }, ({ path }) => ({ path: `../bin/${APART[path]}.js`, external: true }));
  },
};

const tools = build({
  ...common,
  entryPoints: { 'local/index': 'local/index.ts', 'bin/cdk-nextjs-ecs': 'bin/cdk-nextjs-ecs.ts' },
  format: 'cjs',
  outdir: 'dist',
  plugins: [apart],
});

const toolsApart = build({
  ...common,
  entryPoints: Object.fromEntries(Object.entries(APART).map(([name, file]) => [`bin/${file}`, name])),
  format: 'cjs',
  outdir: 'dist',
  // What node-pre-gyp publishes with, and tracing never asks for.
  external: ['mock-aws-s3', 'aws-sdk', 'nock'],
  loader: { '.html': 'empty' },
});

/** What a browser loads from the local stack's control interface. */
const dashboard = build({
  ...common,
  platform: 'browser',
  target: 'es2022',
  entryPoints: {
    dashboard: 'local/dashboard/main.ts',
    index: 'local/dashboard/index.html',
  },
  format: 'esm',
  outdir: 'dist/local/dashboard',
  loader: { '.html': 'copy' },
  minify: true,
});

const dashboardStyle = build({
  ...common,
  platform: 'browser',
  entryPoints: ['local/dashboard/dashboard.css'],
  outdir: 'dist/local/dashboard',
  minify: true,
});

/** The peers, and the library that jsii has compiled, stay outside. */
const app = build({
  ...common,
  entryPoints: { 'bin/app': 'bin/app.ts' },
  format: 'cjs',
  outdir: 'dist',
  external: ['aws-cdk-lib', 'constructs', '../lib'],
});

const results = await Promise.all([runtime, tools, toolsApart, dashboard, dashboardStyle, app]);
await writeNotices(results.map(({ metafile }) => metafile));
for (const file of await readdir('assets', { recursive: true })) {
  const { size } = await stat(`assets/${file}`);
  if (file.endsWith('.mjs')) console.error(`assets/${file} ${Math.round(size / 1024)} KB`);
}
