import { ask, isHit, pastEdge, renderIdOf } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';
import { until } from './until';

/** Enough for a balancer to ask every task of a few. */
const REQUESTS = 12;

/** A page that no build has rendered is rendered once, and shown by all tasks. */
export async function sharedCache(site: CheckedSite): Promise<Outcome> {
  const { onDemand: path } = site.places;
  const findings = new Findings();
  let rounds = 0;
  let renderings = new Set<string>();
  // What a task has rendered it writes behind its answer: another that is asked before renders for itself.
  const isOne = await until(async () => {
    rounds += 1;
    renderings = await renderingsOf(site, path, findings);
    return renderings.size === 1 ? true : undefined;
  });
  findings.refuse(!isOne, `${REQUESTS} answers of ${path} past the edge show ${renderings.size} renderings`);
  return findings.outcome(`${path}: one rendering in ${REQUESTS} answers past the edge`, { rounds });
}

async function renderingsOf(site: CheckedSite, path: string, findings: Findings): Promise<Set<string>> {
  const renderings = new Set<string>();
  for (let count = 0; count < REQUESTS; count += 1) {
    const answer = await ask(site, pastEdge(path));
    findings.refuse(isHit(answer), `${answer.url} was to be past the edge, and is answered by it`);
    renderings.add(renderIdOf(answer));
  }
  return renderings;
}
