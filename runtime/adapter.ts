import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { HandlerFile } from './next/handler-files';

/** The part of Next's configuration that the adapter looks at. */
interface Config {
  readonly cacheHandler?: string | null;
  readonly cacheHandlers?: Readonly<Record<string, string | undefined>> | null;
  readonly images?: { readonly customCacheHandler?: boolean };
}

interface Context {
  readonly phase: string;
}

/** Only what is built is changed: `next dev` and a plain `next start` on one's own machine keep Next's own cache. */
const BUILD = 'phase-production-build';

/**
 * Next's adapter: puts the handlers into the configuration by its public API, where otherwise the preload hands them over.
 * What the app configures itself stays in charge. https://nextjs.org/docs/app/api-reference/adapters
 */
const adapter = {
  name: 'cdk-nextjs-ecs',

  modifyConfig<AppConfig extends Config>(config: AppConfig, { phase }: Context): AppConfig {
    if (phase !== BUILD) return config;
    const ownHandler = config.cacheHandler !== undefined && config.cacheHandler !== null && config.cacheHandler !== '';
    const useCache = fileOf(HandlerFile.USE_CACHE);
    return {
      ...config,
      // Next names kinds that have no handler too.
      cacheHandlers: {
        ...config.cacheHandlers,
        default: config.cacheHandlers?.default ?? useCache,
        remote: config.cacheHandlers?.remote ?? useCache,
      },
      ...(!ownHandler && {
        cacheHandler: fileOf(HandlerFile.CACHE),
        images: { ...config.images, customCacheHandler: true },
      }),
    };
  },
};

export default adapter;

/** The module that lies beside this one in the package. */
function fileOf(name: string): string {
  return path.join(path.dirname(fileURLToPath(import.meta.url)), name);
}
