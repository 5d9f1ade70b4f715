import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { Bundle, type BundleFacts } from '../../contract';

const FACTS: BundleFacts = {
  formatVersion: Bundle.FORMAT_VERSION,
  packageVersion: '0.1.0',
  nextVersion: '16.4.6',
  buildId: 'build',
  namespace: '0123456789abcdef',
  buildTime: Date.UTC(2026, 0, 1),
  builtAt: Date.UTC(2026, 0, 2),
  server: {
    directory: '.',
    distDirectory: '.next',
    command: ['--import', './.cdk-nextjs-ecs/preload.mjs', 'node_modules/next/dist/bin/next', 'start'],
  },
  basePath: '',
  assetPrefix: '',
  trailingSlash: false,
  images: { path: '/_next/image' },
  proxyMatchers: [],
  nextUrlPaths: [],
};

/** An empty folder that is gone after the test or, made outside of tests, after those of the file. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-'));
  const remove = () => {
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    onTestFinished(remove);
  } catch {
    afterAll(remove);
  }
  return directory;
}

/** The folder of an app with a bundle that is small, but has all that synth looks at. */
export function appWithBundle(facts: Partial<BundleFacts> = {}, app = scratch()): string {
  const complete: BundleFacts = { ...FACTS, ...facts };
  const bundle = join(app, Bundle.DIRECTORY);
  const files = {
    [Bundle.FACTS_FILE]: JSON.stringify(complete),
    [Bundle.DOCKERFILE]: 'FROM node:24-slim\nWORKDIR /app\nCOPY server/ /app/\nUSER node\n',
    [`${Bundle.SERVER_DIRECTORY}/.next/BUILD_ID`]: complete.buildId,
    [`${Bundle.SERVER_DIRECTORY}/${Bundle.DIRECTORY}/${Bundle.PRELOAD_FILE}`]: 'export {};\n',
    [`${Bundle.STATIC_DIRECTORY}/_next/static/chunks/main.js`]: `console.log('${complete.buildId}');\n`,
  };
  for (const [path, content] of Object.entries(files)) write(join(bundle, path), content);
  return app;
}

export function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
