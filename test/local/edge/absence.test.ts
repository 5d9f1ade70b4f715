import { afterEach, describe, expect, it } from 'vitest';

import { closeAll, respond, startEdge, startOrigin } from './support';

afterEach(closeAll);

describe('why the edge has no answer', () => {
  it('is told of each request that could have had one', async () => {
    const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60', 'cache-tag': 'products' }));
    const config = { CacheTagConfig: { HeaderName: 'cache-tag' } };
    const edge = await startEdge(origin, { config });
    await edge.get('/a');
    await edge.get('/a');
    edge.pass(61);
    await edge.get('/a');
    edge.edge.invalidate(['#products']);
    edge.pass(2);
    await edge.get('/a');
    edge.edge.invalidate(['/a*']);
    await edge.get('/a');
    const events = await edge.logged(5);
    expect(events.map(({ absence }) => absence)).toEqual([
      'not in the cache',
      undefined,
      'expired 1 s ago (s-maxage=60)',
      'invalidated 2 s ago by #products',
      'invalidated 0 s ago by /a*',
    ]);
  });
});
