import { isatty } from 'node:tty';

import { findRunningStacks, type RunningStack } from '../stack';
import type { RequestTrace } from '../trace';
import { UserError } from '../user-error';
import { describeWay } from './describe-way';

const PART = 'cdk-nextjs-ecs local';

/** How a way is asked for and printed. */
export interface ExplainOptions {
  /** Paths of the site, in the order in which they are asked for. */
  readonly explain: readonly string[];
  /** Address of the control interface of the stack that is asked. */
  readonly control?: string;
  readonly app?: string;
  readonly assembly?: string;
  readonly stack?: string;
  readonly json?: boolean;
}

/** Explains requests to a stack that runs already. False where none runs, or the user wants one of another app or assembly. */
export async function explainRunning(options: ExplainOptions): Promise<boolean> {
  const control = options.control ?? tryChoose(options)?.control;
  if (control === undefined) return false;
  await printWays(options, (path) => askControl(control, path));
  return true;
}

/** Sends the requests one after the other, and prints each one's way. */
export async function printWays(
  { explain, json }: ExplainOptions,
  ask: (path: string) => Promise<RequestTrace>,
): Promise<void> {
  // Not process.stdout.isTTY: where there is no terminal it is undefined, which would leave the choice to picocolors.
  const isColored = isatty(process.stdout.fd) && process.env.NO_COLOR === undefined;
  for (const path of explain) {
    const trace = await ask(path);
    process.stdout.write(json === true ? `${JSON.stringify(trace)}\n` : describeWay(trace, { isColored }));
  }
}

/** The only stack that runs, or the one of that name. */
function tryChoose({ app, assembly, stack }: ExplainOptions): RunningStack | undefined {
  if (app !== undefined || assembly !== undefined) return undefined;
  const running = findRunningStacks().filter((candidate) => stack === undefined || candidate.stack === stack);
  if (running.length < 2) return running[0];
  const list = running.map(({ stack: name, url, control }) => `${control} (${name} at ${url})`).join(', ');
  throw new UserError(
    `${PART}: ${running.length} local stacks run. Say with --control which one is to be asked: ${list}.`,
  );
}

async function askControl(control: string, path: string): Promise<RequestTrace> {
  let response: Response;
  try {
    response = await fetch(new URL('/explain', control), { method: 'POST', body: JSON.stringify({ path }) });
  } catch (cause) {
    throw new UserError(
      `${PART}: no local stack answers at ${control}. Give the address that "cdk-nextjs-ecs local" calls Control.`,
      { cause },
    );
  }
  const answer = (await response.json()) as RequestTrace & { readonly error?: string };
  if (response.ok) return answer;
  const message = answer.error ?? `${control} answers ${response.status}`;
  throw new UserError(message.startsWith(PART) ? message : `${PART}: ${message}`);
}
