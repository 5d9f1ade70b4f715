import type { Answered, AskOptions } from '../with-server';

export interface SideOptions extends AskOptions {
  /** Sends the page's own origin, as a browser does with a form; which one it is, only the side knows. */
  readonly fromOwnPage?: boolean;
  /** A value of `'use cache'` is generated for the answer, and kept for the next one. No header says so. */
  readonly makesValue?: boolean;
  /** The shell of the page is rendered behind the answer, and kept for the next one. No header says that either. */
  readonly makesShell?: boolean;
}

/** One of the two that are compared: plain Next, or the fleet. */
export interface Side {
  readonly name: string;
  /** Answers once whatever the request set going in the background is done too. */
  ask(target: string, options?: SideOptions): Promise<Answered>;
}

/** The options with the header that {@link SideOptions.fromOwnPage} asks for. */
export function askOptions(port: number, { fromOwnPage = false, method, headers, body }: SideOptions): AskOptions {
  const origin: Readonly<Record<string, string>> = fromOwnPage ? { origin: `http://127.0.0.1:${port}` } : {};
  return { method, headers: { ...headers, ...origin }, body };
}

const PATIENCE = 30_000;

/** Waits until what a request has set going is done; what never ends fails by its name, and does not hold up the rest. */
export async function settled(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`test/runtime/oracle: waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
