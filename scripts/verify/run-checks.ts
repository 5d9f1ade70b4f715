import {
  type Check,
  CHECKS,
  deployUnderLoad,
  type Outcome,
  skew,
  storefront,
  storefrontTour,
  unbroken,
} from '../../test/e2e/checks';
import { DEPLOYMENT_CHECKS } from './options';
import type { Row } from './report';
import type { Target } from './target';
import type { Session } from './verify';

/** Of one request, in milliseconds: longer than CloudFront waits for an answer. */
const REQUEST_TIMEOUT = 90_000;

type Running = Pick<Session, 'options' | 'progress' | 'interrupt'>;

/** Does the checks one after the other, the deployment last. */
export async function runChecks(target: Target, running: Running): Promise<readonly Row[]> {
  const { only } = running.options;
  const isWanted = ({ name }: Pick<Check, 'name'>) => only?.includes(name) ?? true;
  const site = { url: target.url, places: storefront, fetch: patientFetch(running.interrupt.signal) };
  const rows: Row[] = [];
  for (const { name, run } of CHECKS.filter(isWanted)) rows.push(await rowOf(name, () => run(site), running));
  const wanted = DEPLOYMENT_CHECKS.filter((name) => isWanted({ name }));
  if (wanted.length === 0) return rows;
  return [...rows, ...(await runDeployment(target, running)).filter(isWanted)];
}

async function runDeployment({ url, prepareDeployment }: Target, running: Running): Promise<readonly Row[]> {
  if (prepareDeployment === undefined) {
    return DEPLOYMENT_CHECKS.map((name) => skipped(name, 'nothing can be deployed by an address alone'));
  }
  const viewed = { url, fetch: patientFetch(running.interrupt.signal) };
  const seen: { deployment?: Awaited<ReturnType<typeof deployUnderLoad>> } = {};
  const deployment = await rowOf(
    'deployment',
    async () => {
      const deploy = await prepareDeployment();
      seen.deployment = await deployUnderLoad({ ...viewed, deploy }, storefrontTour);
      return unbroken(seen.deployment);
    },
    running,
  );
  const { deployment: visited } = seen;
  if (visited === undefined) return [deployment, skipped('skew', 'nothing was deployed')];
  return [deployment, await rowOf('skew', () => skew(viewed, visited), running)];
}

async function rowOf(name: string, check: () => Promise<Outcome>, { progress, interrupt }: Running): Promise<Row> {
  const start = performance.now();
  progress.step(`Checking ${name}`);
  const outcome = await check().catch(failure);
  interrupt.signal.throwIfAborted();
  const isOk = outcome.problems.length === 0;
  progress.done(isOk ? outcome.seen : `FAILED: ${outcome.problems.join('; ')}`);
  return { name, result: isOk ? 'ok' : 'failed', ...outcome, seconds: secondsSince(start) };
}

function failure(error: unknown): Outcome {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const problem = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return { problems: [problem], seen: '', figures: {} };
}

function skipped(name: string, seen: string): Row {
  return { name, result: 'skipped', seen, problems: [], figures: {}, seconds: 0 };
}

function patientFetch(interrupted: AbortSignal): typeof fetch {
  return (input, init) =>
    fetch(input, { ...init, signal: AbortSignal.any([interrupted, AbortSignal.timeout(REQUEST_TIMEOUT)]) });
}

export function secondsSince(start: number): number {
  return Math.round(performance.now() - start) / 1000;
}
