import type { Reporter, TestModule } from 'vitest/node';

import type { Proof } from './proof';

/** Says at the end of a run what was proven by what, and what was not: the claims of a test that failed are among the latter. */
export default class ProofReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const proofs = modules.flatMap((module) => [...proofsOf(module)]);
    print(
      'Proven',
      proofs.filter(({ isProven }) => isProven),
    );
    print(
      'Not proven',
      proofs.filter(({ isProven }) => !isProven),
    );
  }
}

function* proofsOf(module: TestModule): Generator<Proof> {
  const { moduleId, children } = module;
  if (module.errors().length > 0) yield { what: moduleId, how: 'the file could not be run', isProven: false };
  for (const suite of children.allSuites()) {
    if (suite.errors().length > 0) yield { what: suite.fullName, how: 'a hook failed', isProven: false };
  }
  for (const test of children.allTests()) {
    const { state, note } = test.result() as { state: string; note?: string };
    const claims = test.meta().proofs ?? [];
    if (state === 'passed') yield* claims;
    if (state === 'failed') yield { what: test.fullName, how: 'the test failed', isProven: false };
    // Skipped with a reason; tests skipped with their whole suite have none, and the suite has said why.
    if (state === 'skipped' && note !== undefined) yield { what: test.name, how: note, isProven: false };
  }
}

function print(title: string, proofs: readonly Proof[]): void {
  if (proofs.length === 0) return;
  console.log(`\n${title}`);
  for (const { what, how } of proofs) console.log(`  ${what}\n      ${how}`);
}
