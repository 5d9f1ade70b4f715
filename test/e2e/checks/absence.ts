import { ask, isHit } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';

const PAGE = '/nowhere';
const FILE = '/_next/static/chunks/of-no-build.js';

/** What is not there is a 404, and asked for again the next time: it may be there then. */
export async function absence(site: CheckedSite): Promise<Outcome> {
  const findings = new Findings();
  for (const path of [PAGE, FILE, FILE]) {
    const answer = await ask(site, path);
    findings.expect(`the status of ${path}`, answer.status, 404);
    // CloudFront says of each error that it is one, and of what it has kept how old that is.
    const isKept = isHit(answer) || answer.headers.has('age');
    findings.refuse(isKept, `the edge keeps that ${path} is not there`);
  }
  return findings.outcome('a page and a file of no build: 404');
}
