import { Header } from '../../../contract';
import { ask, untilKept } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';

/** A prerendered page is answered, then by the edge, and says nothing that is only for the edge. */
export async function staticPage(site: CheckedSite): Promise<Outcome> {
  const { staticPage: path } = site.places;
  const findings = new Findings();
  const first = await ask(site, path);
  findings.expect(`the status of ${path}`, first.status, 200);
  findings.expect(`the type of ${path}`, first.headers.get('content-type'), /^text\/html/);
  findings.expect(`Cache-Control of ${path}`, first.headers.get('cache-control'), /\bs-maxage=\d+/);
  const { answer: kept, requests } = await untilKept(site, path);
  findings.refuse(kept.body !== first.body, `the edge answers ${path} with another page than the one before`);
  for (const { headers } of [first, kept]) {
    findings.refuse(headers.has(Header.CACHE_TAG), `viewers of ${path} are shown ${Header.CACHE_TAG}`);
  }
  const requestsUntilHit = requests;
  return findings.outcome(`${path}: kept by the edge, a hit at request ${requestsUntilHit + 1}`, { requestsUntilHit });
}
