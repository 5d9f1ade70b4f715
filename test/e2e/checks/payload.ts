import { ask, untilKept } from './answer';
import { Findings, type Outcome } from './outcome';
import { REPRESENTATIONS } from './representations';
import type { CheckedSite } from './site';

const HTML = /^text\/html/;
const PAYLOAD = /^text\/x-component/;

/** What the router fetches of a page is kept by the edge too, and is never mixed up with the page: CloudFront knows no `Vary`. */
export async function payload(site: CheckedSite): Promise<Outcome> {
  const { staticPage: path } = site.places;
  const findings = new Findings();
  for (const headers of REPRESENTATIONS.slice(1)) {
    const what = `${path} with ${Object.keys(headers).join(', ')}`;
    const { answer } = await untilKept(site, path, headers);
    findings.expect(`the status of ${what}`, answer.status, 200);
    findings.expect(`the type of ${what}`, answer.headers.get('content-type'), PAYLOAD);
    // Next.js has sent on to an address with the right `_rsc`: a browser that opens it wants a page all the same.
    for (const opened of [path, answer.url]) {
      const { headers: sent } = await ask(site, opened);
      findings.expect(`the type of ${opened} for who does not ask for a payload`, sent.get('content-type'), HTML);
    }
  }
  return findings.outcome(`${path}: payload and prefetch kept by the edge, apart from the page`);
}
