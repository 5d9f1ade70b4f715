import { type Answer, ask, untilKept } from './answer';
import { Findings, type Outcome } from './outcome';
import { REPRESENTATIONS } from './representations';
import type { CheckedSite } from './site';
import { until } from './until';

const ROUNDS = 3;
/** A place of CloudFront's is many machines, which do not all know at once: the page is new when so many answers in a row are. */
const LOOKS = 10;

/** A page that the edge may keep for a year is new after `revalidateTag`, and stays so; the purge's lag is measured. */
export async function revalidation(site: CheckedSite): Promise<Outcome> {
  const findings = new Findings();
  const lags: number[] = [];
  const past = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const lag = await revalidate(site, findings, past);
    if (lag === undefined) break;
    lags.push(lag);
  }
  const { tag, path } = site.places.tagged;
  const seen = lags.map((lag) => `${(lag / 1000).toFixed(1)} s`).join(', ') || 'no time';
  return findings.outcome(`${tag}: ${path} new at the edge after ${seen}`, { purgeLagMs: Math.max(0, ...lags) });
}

/**
 * Fulfilled with the milliseconds from the revalidation's answer until page, payload and prefetch were new at the edge.
 *
 * @param past what was revalidated before, and may never be seen again
 */
async function revalidate(site: CheckedSite, findings: Findings, past: Set<string>): Promise<number | undefined> {
  const { path, tag } = site.places.tagged;
  const kept = await Promise.all(REPRESENTATIONS.map((headers) => untilKept(site, path, headers)));
  const isBack = kept.some(({ answer: { body } }) => past.has(body));
  findings.refuse(isBack, `what ${path} was before an earlier revalidation has come back`);
  for (const { answer } of kept) past.add(answer.body);
  const order = JSON.stringify(site.places.revalidation(tag));
  const { status } = await site.fetch(new URL('/api/revalidate', site.url), { method: 'POST', body: order });
  findings.expect('the status of POST /api/revalidate', status, 200);

  const start = performance.now();
  const isNew = ({ status: found, body }: Answer) => found === 200 && !past.has(body);
  const since = await Promise.all(REPRESENTATIONS.map((headers) => newSince(() => ask(site, path, headers), isNew)));
  const known = since.filter((time) => time !== undefined);
  if (known.length === since.length) return Math.round(Math.max(...known) - start);
  findings.add(`the edge shows ${path} as it was before ${tag} was revalidated`);
  return undefined;
}

/** Fulfilled with the time of the first of as many new answers as are enough to believe it. */
async function newSince(look: () => Promise<Answer>, isNew: (answer: Answer) => boolean): Promise<number | undefined> {
  let streak: number[] = [];
  return until(async () => {
    streak = isNew(await look()) ? [...streak, performance.now()] : [];
    return streak.length === LOOKS ? streak[0] : undefined;
  });
}
