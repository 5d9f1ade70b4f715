import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isatty } from 'node:tty';
import { StreamProgress } from '../../local/progress';
import { CHECKS } from '../../test/e2e/checks';
import { Deployed } from './deployed';
import { Interrupt } from './interrupt';
import { localTarget } from './local-target';
import { DEPLOYMENT_CHECKS, type VerifyOptions } from './options';
import { describePlan, type Plan, planOf } from './plan';
import { makeAssembly } from './release';
import { describeReport, type Row } from './report';
import { runChecks } from './run-checks';
import type { Template } from './template';

/** What a verification goes on with. */
export interface Session {
  readonly options: VerifyOptions;
  readonly progress: StreamProgress;
  readonly interrupt: Interrupt;
  /** A folder that is gone at the end. */
  readonly scratch: string;
}

/** Fulfilled with whether all is well; rejected with Interrupted when the user has ended it. */
export async function verify(options: VerifyOptions): Promise<boolean> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'verify-on-aws-'));
  const session = { options, scratch, progress: new StreamProgress(), interrupt: new Interrupt() };
  try {
    if (options.url !== undefined || options.local !== undefined) return await checkRunning(session);
    return await (options.yes === true ? deployAndCheck(session) : showPlan(session));
  } catch (error) {
    // What fails because of Ctrl-C has not failed.
    session.interrupt.signal.throwIfAborted();
    throw error;
  } finally {
    session.interrupt.dispose();
    session.progress.abandon();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A site that runs already. */
async function checkRunning(session: Session): Promise<boolean> {
  const { url = '', local } = session.options;
  const target = local === undefined ? { url } : await localTarget(local);
  const start = new Date();
  const rows = await runChecks(target, session);
  return report(
    session,
    { site: target.url, where: local === undefined ? 'a given address' : 'this machine' },
    start,
    rows,
  );
}

async function showPlan({ options, progress, scratch, interrupt }: Session): Promise<boolean> {
  progress.step('Building the example and synthesizing its stack');
  const { template } = await makeAssembly('example', options.stackName, path.join(scratch, 'cdk.out'));
  interrupt.signal.throwIfAborted();
  progress.done();
  const plan = printPlan(template, options);
  if (options.json !== undefined) await writeJson(options.json, plan);
  process.stdout.write('Nothing was deployed. Give --yes to do it.\n');
  return true;
}

async function deployAndCheck(session: Session): Promise<boolean> {
  const start = new Date();
  const deployed = new Deployed(session);
  const account = await deployed.requireReady();
  printPlan(await deployed.prepare(), { ...session.options, region: account.region });
  session.interrupt.signal.throwIfAborted();
  const rows: Row[] = [];
  try {
    const target = await deployed.deploy(rows);
    if (target !== undefined) rows.push(...(await runChecks(target, session)));
  } finally {
    await deployed.end(rows);
  }
  return report(session, { site: deployed.url, where: `AWS, account ${account.id}, ${account.region}` }, start, rows);
}

function printPlan(template: Template, { stackName: stack, region, keep = false, only }: VerifyOptions): Plan {
  const checks = only ?? [...CHECKS.map(({ name }) => name), ...DEPLOYMENT_CHECKS];
  const plan = planOf({ template, stack, region, keep, checks });
  process.stdout.write(`${describePlan(plan)}\n`);
  return plan;
}

async function report(
  { options: { json } }: Session,
  place: { readonly site: string; readonly where: string },
  start: Date,
  rows: readonly Row[],
): Promise<boolean> {
  const ok = rows.every(({ result }) => result !== 'failed');
  const seconds = Math.round((Date.now() - start.getTime()) / 1000);
  const seen = { ...place, startedAt: start.toISOString(), seconds, ok, rows };
  if (json !== undefined) await writeJson(json, seen);
  process.stdout.write(`\n${describeReport(seen, isatty(process.stdout.fd))}`);
  return ok;
}

async function writeJson(file: string, content: object): Promise<void> {
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
