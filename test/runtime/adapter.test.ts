import path from 'node:path';
import { describe, expect, it } from 'vitest';

import adapter from '../../runtime/adapter';

const BUILD = { phase: 'phase-production-build' };
/** As Next resolves an app that configures nothing. */
const CONFIG = {
  cacheHandlers: { default: undefined, remote: undefined },
  images: { path: '/_next/image', customCacheHandler: false },
};

describe('the adapter', () => {
  it('names all handlers, and gives images to ours', () => {
    const { cacheHandler, cacheHandlers, images } = adapter.modifyConfig<Record<string, unknown>>(CONFIG, BUILD);
    const handlers = cacheHandlers as Record<string, string>;
    expect(
      [cacheHandler as string, handlers.default, handlers.remote].map((file) => path.basename(file ?? '')),
    ).toEqual([
      'cdk-nextjs-ecs-cache-handler.mjs',
      'cdk-nextjs-ecs-use-cache-handler.mjs',
      'cdk-nextjs-ecs-use-cache-handler.mjs',
    ]);
    expect(images).toEqual({ path: '/_next/image', customCacheHandler: true });
  });

  it("leaves the app's own in charge", () => {
    const own = { ...CONFIG, cacheHandler: './own.js', cacheHandlers: { default: './default.js' } };
    const { cacheHandler, cacheHandlers, images } = adapter.modifyConfig(own, BUILD);
    expect([cacheHandler, cacheHandlers.default, images]).toEqual(['./own.js', './default.js', CONFIG.images]);
  });

  it('changes nothing but builds', () => {
    expect(adapter.modifyConfig(CONFIG, { phase: 'phase-production-server' })).toBe(CONFIG);
  });
});
