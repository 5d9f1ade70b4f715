import { cacheKeyOf, normalizeAcceptEncoding } from '../../local/edge/cache-key';
import { HeaderFields } from '../../local/edge/header-fields';
import { headerSelection, selection, type CachePolicy } from '../../local/edge/policies';
import type { Row } from '../harness/result';
import { rounded } from '../harness/statistics';
import type { Bench } from './bench';
import { browse, type BrowserRequest } from './session';

const VIEWERS = 200;

function policyOf(name: string, headers: readonly string[], cookies: 'all' | 'none' | readonly string[]): CachePolicy {
  return {
    id: name,
    name,
    minTtl: 0,
    defaultTtl: 0,
    maxTtl: 31_536_000,
    headers: headerSelection('whitelist', headers),
    queryStrings: selection('all', []),
    cookies: typeof cookies === 'string' ? selection(cookies, []) : selection('whitelist', cookies),
    gzip: true,
    brotli: true,
  };
}

/** As lib/nextjs-policies.ts has it for Next.js 16. */
const OURS = policyOf('cdk-nextjs-ecs', ['rsc'], ['__prerender_bypass', '__next_preview_data']);

const PEERS: readonly CachePolicy[] = [
  // lib/nextjs-distribution.js of cdk-nextjs@0.5.0-beta.8, DynamicCachePolicy
  policyOf(
    'cdk-nextjs',
    [
      'accept',
      'rsc',
      'next-url',
      'next-router-state-tree',
      'next-router-prefetch',
      'next-router-segment-prefetch',
      'x-matched-path',
      'x-prerender-revalidate',
      'x-next-cache-tags',
      'x-prerender-bypass',
    ],
    'all',
  ),
  // https://opennext.js.org/aws/reference-implementation
  policyOf(
    'OpenNext',
    ['accept', 'rsc', 'next-router-prefetch', 'next-router-state-tree', 'next-url', 'x-prerender-revalidate'],
    'none',
  ),
];

/** How much of the same browsing the edge answers itself, by what is in its key. Nothing expires meanwhile. */
export const edgeKeys: Bench = {
  name: 'edge-keys',
  title: `Hits at the edge, ${VIEWERS} viewers with prefetches`,
  measure: async (lab) => {
    const requests = await browse(VIEWERS);
    lab.say(`${requests.length} requests`);
    const own = hitRatio(requests, OURS);
    const others = PEERS.map((policy) => ({ policy, hits: hitRatio(requests, policy) }));
    const rows: Row[] = [
      ...others.map(({ policy, hits }): Row => ({
        name: `hits against ${policy.name}'s key`,
        value: rounded(own / hits),
        unit: 'ratio',
        target: { least: 1.3 },
        ...(policy.name === 'OpenNext' && {
          note: 'the router puts a hash of the same headers into the query (`_rsc`): both keys tell the same requests apart',
        }),
      })),
      { name: "hits, cdk-nextjs-ecs's key", value: rounded(own * 100), unit: '%' },
      ...others.map(({ policy, hits }): Row => ({
        name: `hits, ${policy.name}'s key`,
        value: rounded(hits * 100),
        unit: '%',
      })),
    ];
    const bars = [
      { name: OURS.name, value: own * 100 },
      ...others.map(({ policy, hits }) => ({ name: policy.name, value: hits * 100 })),
    ];
    return {
      rows,
      plots: [{ kind: 'bars', title: 'Hits at the edge', unit: '%', bars }],
      raw: { requests: requests.length },
    };
  },
};

function hitRatio(requests: readonly BrowserRequest[], policy: CachePolicy): number {
  const kept = new Set<string>();
  let hits = 0;
  for (const { path, query, headers } of requests) {
    const viewer = {
      address: '127.0.0.1',
      port: 1,
      httpVersion: '2.0',
      protocol: 'https',
      rawHeaders: [],
      located: {},
    } as const;
    const request = { method: 'GET', path, query, headers: HeaderFields.of(headers), viewer, hasBody: false };
    const { text } = cacheKeyOf(request, policy, normalizeAcceptEncoding('gzip, br', '2.0', policy));
    if (kept.has(text)) hits += 1;
    else kept.add(text);
  }
  return hits / requests.length;
}
