import { afterEach, describe, expect, it } from 'vitest';

import { injectHandlers } from '../../runtime/injection';

const SYMBOL = Symbol.for('@next/cache-handlers');
const HANDLERS = { FetchCache: 'fetch', DefaultCache: 'default', RemoteCache: 'remote' };

const injected = (): unknown => Reflect.get(globalThis, SYMBOL);

afterEach(() => {
  Reflect.deleteProperty(globalThis, SYMBOL);
});

describe('injected handlers', () => {
  it('are all ours where the app brings none', () => {
    expect(injectHandlers(HANDLERS, { cacheHandler: null, cacheHandlers: {} })).toEqual([]);
    expect(injected()).toEqual(HANDLERS);
  });

  it("leave each of the app's own in charge, and name it", () => {
    const config = { cacheHandler: './own.js', cacheHandlers: { remote: './remote.js' } };
    expect(injectHandlers(HANDLERS, config)).toEqual(['cacheHandler', 'cacheHandlers.remote']);
    expect(injected()).toEqual({ DefaultCache: 'default' });
  });

  it('know where 15.5 configures its own', () => {
    const config = { experimental: { cacheHandlers: { default: './default.js' } } };
    expect(injectHandlers(HANDLERS, config)).toEqual(['cacheHandlers.default']);
    expect(injected()).toEqual({ FetchCache: 'fetch', RemoteCache: 'remote' });
  });
});
