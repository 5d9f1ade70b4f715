import { ask, isHit } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';
import { until } from './until';

const PREFETCH = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };

/**
 * What the router fetches ahead is kept once, whichever page shows the link. Each request says another page, so that none could be a hit if
 * the edge kept them apart; Next.js itself sends each on to the hash that it would have had from the router.
 */
export async function prefetch(site: CheckedSite): Promise<Outcome> {
  const { staticPage: path } = site.places;
  const findings = new Findings();
  let requests = 0;
  const kept = await until(async () => {
    requests += 1;
    const answer = await ask(site, path, { ...PREFETCH, 'next-url': `/${crypto.randomUUID()}` });
    findings.expect(`the status of a prefetch of ${path}`, answer.status, 200);
    findings.expect(`the type of a prefetch of ${path}`, answer.headers.get('content-type'), /^text\/x-component/);
    return isHit(answer) ? true : undefined;
  });
  findings.refuse(!kept, `none of ${requests} prefetches of ${path}, each of another page, was answered by the edge`);
  return findings.outcome(`${path}: a prefetch kept by the edge for all pages that show the link`, {
    prefetchesUntilHit: requests,
  });
}
