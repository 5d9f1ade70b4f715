import { ask } from './answer';
import { Findings, type Outcome } from './outcome';
import { REPRESENTATIONS } from './representations';
import type { DeployableSite } from './site';
import { until } from './until';
import { buildOf, complain, visit, type Visit, Visitors } from './visitors';

const VISITORS = 4;
/** So many visits after the end of a deployment, each of which has to see the new release. */
const VISITS_AFTER = 40;
/** Most complaints that a report has room for. */
const MOST_COMPLAINTS = 10;

/** What visitors have seen of a deployment. */
export interface Deployment {
  readonly visits: readonly Visit[];
  /** How long the deployment took. */
  readonly seconds: number;
  /** When the edge had nothing but the new release's pages; none where it never had. */
  readonly newAt?: number;
  /** How long after the deployment that was. */
  readonly lagMs: number;
}

/** Where visitors go during a deployment. */
export interface Tour {
  /** Pages that the edge may keep for long. */
  readonly lasting: readonly string[];
  /** The page of a visitor's n-th visit. */
  readonly pages: (visitor: number, turn: number) => string;
  /** Milliseconds between two visits of a visitor. @default 20 */
  readonly pause?: number;
}

/** Deploys the other release while visitors load pages and everything that they name, and goes on until the edge has the new one only. */
export async function deployUnderLoad(site: DeployableSite, tour: Tour): Promise<Deployment> {
  const { lasting, pages, pause } = tour;
  const old = await Promise.all(lasting.map((page) => visit(site, page)));
  const builds = new Set(old.map(({ build }) => build));
  const visitors = new Visitors(site, VISITORS, pages, pause);
  const start = performance.now();
  try {
    await site.deploy();
    const end = performance.now();
    const newAt = await until(async () => ((await showsAny(site, lasting, builds)) ? undefined : performance.now()));
    const seenBefore = visitors.count;
    await until(() => Promise.resolve(visitors.count > seenBefore + VISITS_AFTER ? true : undefined));
    const visits = [...old, ...(await visitors.end())];
    return { visits, seconds: Math.round((end - start) / 1000), newAt, lagMs: Math.round((newAt ?? Infinity) - end) };
  } finally {
    await visitors.end();
  }
}

/** A deployment breaks no page, and leaves none of the old release at the edge. */
export function unbroken({ visits, seconds, newAt, lagMs }: Deployment): Outcome {
  const findings = new Findings();
  const complaints = visits.flatMap(complain);
  findings.add(...complaints.slice(0, MOST_COMPLAINTS));
  findings.refuse(complaints.length > MOST_COMPLAINTS, `and ${complaints.length - MOST_COMPLAINTS} more`);
  const builds = new Set(visits.map(({ build }) => build));
  findings.expect('the number of releases that visitors saw', builds.size, 2);
  findings.refuse(newAt === undefined, 'the edge still shows pages of the old release');
  const late = visits.filter(({ startedAt }) => newAt !== undefined && startedAt > newAt);
  const lateBuilds = new Set(late.map(({ build }) => build));
  findings.expect(`the number of releases in ${late.length} visits after that`, lateBuilds.size, 1);
  const files = visits.reduce((sum, { files: { length } }) => sum + length, 0);
  const seen = `${visits.length} pages and ${files} files during ${seconds} s; only the new release ${lagMs} ms after`;
  return findings.outcome(seen, { visits: visits.length, files, deploymentSeconds: seconds, deploymentLagMs: lagMs });
}

/** Whether the edge has any of these pages of one of these builds. */
async function showsAny(
  site: DeployableSite,
  pages: readonly string[],
  builds: ReadonlySet<string | undefined>,
): Promise<boolean> {
  const asked = pages.flatMap((page) => REPRESENTATIONS.map((headers) => ask(site, page, headers)));
  return (await Promise.all(asked)).some(({ body }) => builds.has(buildOf(body)));
}
