import { expect } from 'vitest';

import { ALLOWED, type ImageLayers } from './image-layers';

/** Files that no server reads. */
const FOREIGN = {
  'source maps': /\.(c|m)?(js|css|ts)\.map$/,
  'sources of the app': /^(?!.*node_modules\/).*\.(c|m)?tsx?$/,
  'environment files': /(^|\/)\.env(\.|$)/,
  'version control': /(^|\/)\.git(\/|$)/,
  'credentials of package managers': /(^|\/)\.(npmrc|yarnrc(\.yml)?)$/,
  'traces and caches of the build': /\.nft\.json$|\.next\/(trace|types\/|diagnostics\/|cache\/.*\.pack)/,
} as const;

/** Packages that compile, bundle, check or install. */
const BUILD_TOOLS =
  /^(@next\/swc-.+|@swc\/core.*|@types\/.+|typescript|esbuild|@esbuild\/.+|webpack|rollup|vite|turbo|eslint.*|prettier|sass|postcss|tailwindcss|lightningcss.*|npm|pnpm|yarn)$/;

/** Compilers that Next.js brings within its own package. */
const NEXT_COMPILERS =
  /next\/dist\/compiled\/(webpack|babel|babel-packages|terser|postcss.*|sass-loader|css-loader|mini-css-extract-plugin)\//;

/**
 * Checks that an image holds what its server runs, and nothing else.
 *
 * @param devDependencies names of the packages that the app was built with only
 */
export function expectOnlyWhatRuns(
  { files, bytes, compressedBytes }: ImageLayers,
  devDependencies: readonly string[],
): void {
  const paths = files.filter(({ mode }) => !mode.startsWith('d')).map(({ path }) => path);
  expect(paths.length).toBeGreaterThan(1000);
  for (const [what, pattern] of Object.entries(FOREIGN))
    expect([what, ...paths.filter((path) => pattern.test(path))]).toEqual([what]);
  const packages = [...new Set(paths.flatMap(packagesOf))];
  expect(packages).toContain('next');
  expect(packages.filter((name) => BUILD_TOOLS.test(name) || devDependencies.includes(name))).toEqual([]);
  expect(paths.filter((path) => NEXT_COMPILERS.test(path))).toEqual([]);
  expect(bytes).toBeLessThan(ALLOWED.bytes);
  expect(compressedBytes).toBeLessThan(ALLOWED.compressedBytes);
}

/** The packages that a path leads through, for example `next` and `@img/sharp-linux-x64`. */
function packagesOf(path: string): string[] {
  return [...path.matchAll(/node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)\//g)].map(([, name]) => name ?? '');
}
