import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

import { Bundle, type BundleFacts, type BundleImages } from '../../contract';
import { BundleError } from './error';
import { tryReadJson } from './files';
import { type ConditionalRoute, nextUrlPaths } from './next-url';
import type { BuildOutput, ResolvedConfig } from './output';

/** The facts of the bundle in `directory`. */
export function readFacts(directory: string): BundleFacts {
  const file = resolve(directory, Bundle.FACTS_FILE);
  const facts = tryReadJson(file) as Partial<BundleFacts> | undefined;
  if (facts === undefined) {
    throw new BundleError(
      `${resolve(directory)} is no bundle: it has no ${Bundle.FACTS_FILE}. Make one: npx cdk-nextjs-ecs build DIR`,
    );
  }
  if (facts.formatVersion !== Bundle.FORMAT_VERSION) {
    throw new BundleError(
      `${file} has format version ${String(facts.formatVersion)}; this version of cdk-nextjs-ecs reads ${String(Bundle.FORMAT_VERSION)} only. ` +
        'Pack the app again with the version you deploy with: npx cdk-nextjs-ecs build DIR',
    );
  }
  return facts as BundleFacts;
}

/**
 * The facts that the build output states.
 *
 * @param modules paths of the server's files
 */
export function factsOfOutput(output: BuildOutput, modules: readonly string[]) {
  const { config } = output;
  const matchers = proxyMatchers(output);
  return {
    buildId: output.buildId,
    basePath: config.basePath,
    assetPrefix: config.assetPrefix,
    deploymentId: config.deploymentId === '' ? undefined : config.deploymentId,
    trailingSlash: config.trailingSlash,
    images: imageFacts(config, modules),
    proxyMatchers: matchers.map(({ regexp }) => regexp),
    nextUrlPaths: nextUrlPaths(output, matchers),
    validateRSCRequestHeaders: config.experimental?.validateRSCRequestHeaders,
    actionKeyFingerprint: actionKeyFingerprint(output),
  } satisfies Partial<BundleFacts>;
}

function imageFacts({ images }: ResolvedConfig, modules: readonly string[]): BundleImages {
  if (images.loader !== 'default' || images.unoptimized) return {};
  return { path: images.path, sharp: modules.some((path) => SHARP_LIBRARY.test(path)) };
}

/** Sharp's own code does nothing without its library, which its package for the platform, or its WebAssembly, brings. */
const SHARP_LIBRARY = /[\\/]node_modules[\\/](?:@img[\\/]sharp-[^\\/]+|sharp)[\\/].*\.(?:node|wasm)$/;

interface ProxyMatcher extends ConditionalRoute {
  readonly regexp: string;
}

/**
 * Where the proxy (middleware) runs. It is listed in one manifest when it runs on the edge runtime, and in another when it runs on Node.js.
 */
function proxyMatchers(output: BuildOutput): ProxyMatcher[] {
  interface Proxy {
    readonly matchers?: readonly ProxyMatcher[];
  }
  const server = join(output.directory, 'server');
  const edge =
    (tryReadJson(join(server, 'middleware-manifest.json')) as { middleware?: Record<string, Proxy> } | undefined)
      ?.middleware ?? {};
  const node =
    (tryReadJson(join(server, 'functions-config-manifest.json')) as { functions?: Record<string, Proxy> } | undefined)
      ?.functions ?? {};
  const proxies = [...Object.values(edge), node['/_middleware']].filter((proxy) => proxy !== undefined);
  return proxies.flatMap(({ matchers }) => matchers ?? [{ regexp: EVERY_PATH }]);
}

const EVERY_PATH = '^/.*$';

function actionKeyFingerprint(output: BuildOutput): string | undefined {
  const manifest = join(output.directory, 'server', 'server-reference-manifest.json');
  const key = (tryReadJson(manifest) as { encryptionKey?: string } | undefined)?.encryptionKey;
  return key === undefined ? undefined : createHash('sha256').update(key).digest('hex');
}
