import { cacheKeyOf, normalizeAcceptEncoding } from '../../local/edge/cache-key';
import type { Distribution } from '../../local/edge/distribution';
import { HeaderFields } from '../../local/edge/header-fields';
import { headerSelection, selection, type CachePolicy } from '../../local/edge/policies';
import { ViewerFunctions } from '../../local/edge/viewer-functions';
import type { ViewerRequest } from '../../local/edge/viewer-request';
import type { Row } from '../harness/result';
import { rounded } from '../harness/statistics';
import type { Bench } from './bench';
import { browse, type BrowserRequest } from './session';

const VIEWERS = 200;

/** What an edge keeps an answer under. */
interface EdgeKey {
  readonly name: string;
  of(request: ViewerRequest): string;
}

function keyBy(name: string, policy: CachePolicy): EdgeKey {
  const encoding = normalizeAcceptEncoding('gzip, br', '2.0', policy);
  return { name, of: (request) => cacheKeyOf(request, policy, encoding).text };
}

/** Ours: of the request as the function of our own distribution leaves it. */
function keyOfDistribution(name: string, distribution: Distribution): EdgeKey {
  return {
    name,
    of: (received) => {
      const behavior = distribution.behaviors.find((candidate) => candidate.matches(received.path));
      if (behavior === undefined) throw new Error(`bench: no behaviour for ${received.path}`);
      const passed = new ViewerFunctions({ behavior, distribution, requestId: 'bench', received }).request();
      if ('status' in passed) throw new Error(`bench: ${received.path} is answered by the edge: ${passed.reason}`);
      return keyBy(name, behavior.cachePolicy).of(passed);
    },
  };
}

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

/** Their functions add nothing to the key but these. */
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
    const { synthesizeEdge } = await import('../harness/edge');
    const ours = keyOfDistribution('cdk-nextjs-ecs', synthesizeEdge(await lab.app(), lab.scope));
    const requests = await browse(VIEWERS);
    lab.say(`${requests.length} requests`);
    const own = hitRatio(requests, ours);
    const others = PEERS.map((policy) => ({ policy, hits: hitRatio(requests, keyBy(policy.name, policy)) }));
    const rows: Row[] = [
      ...others.map(({ policy, hits }): Row => ({
        name: `hits against ${policy.name}'s key`,
        value: rounded(own / hits),
        unit: 'ratio',
        target: { least: 1.3 },
      })),
      { name: "hits, cdk-nextjs-ecs's key", value: rounded(own * 100), unit: '%' },
      ...others.map(({ policy, hits }): Row => ({
        name: `hits, ${policy.name}'s key`,
        value: rounded(hits * 100),
        unit: '%',
      })),
    ];
    const bars = [
      { name: ours.name, value: own * 100 },
      ...others.map(({ policy, hits }) => ({ name: policy.name, value: hits * 100 })),
    ];
    return {
      rows,
      plots: [{ kind: 'bars', title: 'Hits at the edge', unit: '%', bars }],
      raw: { requests: requests.length },
    };
  },
};

function hitRatio(requests: readonly BrowserRequest[], key: EdgeKey): number {
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
    const text = key.of({ method: 'GET', path, query, headers: HeaderFields.of(headers), viewer, hasBody: false });
    if (kept.has(text)) hits += 1;
    else kept.add(text);
  }
  return hits / requests.length;
}
