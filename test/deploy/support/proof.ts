import { it, TestRunner } from 'vitest';

/** What a test says that it has shown, or could not show, for the list at the end of a run. */
export interface Proof {
  readonly what: string;
  /** The tool that the claim was proven by, or the reason why it was not. */
  readonly how: string;
  readonly isProven: boolean;
}

declare module 'vitest' {
  interface TaskMeta {
    proofs?: Proof[];
  }
}

/** Within a test: once it has passed, `what` counts as proven by the tool that it names. */
export function proven(what: string, by: string): void {
  const test = TestRunner.getCurrentTest();
  if (!test) throw new Error(`test/deploy: proven(${JSON.stringify(what)}) was called outside of a test`);
  note(test.meta, { what, how: by, isProven: true });
}

/** Within a test or outside of any: nothing here can show `what`. */
export function notProven(what: string, why: string): void {
  const test = TestRunner.getCurrentTest();
  if (test) note(test.meta, { what, how: why, isProven: false });
  else
    it(what, ({ skip }) => {
      skip(why);
    });
}

function note(meta: { proofs?: Proof[] }, proof: Proof): void {
  meta.proofs = [...(meta.proofs ?? []), proof];
}
