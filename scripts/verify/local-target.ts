import path from 'node:path';
import { UserError } from '../../local/user-error';
import { PART } from './options';
import { makeAssembly, ROOT } from './release';
import type { Target } from './target';

interface State {
  readonly url: string;
  readonly stack: string;
}

/** A stack that `cdk-nextjs-ecs local` runs, by the address of its control interface. */
export async function localTarget(control: string): Promise<Target> {
  const { url, stack } = await stateOf(control);
  // The stack reads it for as long as it runs: it stays when the verification ends.
  const directory = path.join(ROOT, 'cdk.out', `${stack}-next`);
  return {
    url,
    prepareDeployment: async () => {
      const assembly = await makeAssembly('next', stack, directory);
      return () => deploy(control, assembly.directory);
    },
  };
}

async function stateOf(control: string): Promise<State> {
  try {
    const response = await fetch(`${control}/state`);
    const state = (await response.json()) as Partial<State>;
    if (state.url === undefined || state.stack === undefined) throw new Error('it is something else that answers');
    return { url: state.url, stack: state.stack };
  } catch (cause) {
    throw new UserError(
      `${PART}: no local stack answers at ${control}. Give the address that "npm run local" calls Control.`,
      { cause },
    );
  }
}

async function deploy(control: string, assembly: string): Promise<void> {
  const response = await fetch(`${control}/deploy`, { method: 'POST', body: JSON.stringify({ assembly }) });
  const { outcome, error } = (await response.json()) as { readonly outcome?: string; readonly error?: string };
  if (outcome !== 'completed') throw new Error(`the deployment was not completed: ${error ?? String(outcome)}`);
}
