/** What a check has found. */
export interface Outcome {
  /** What is not as it should be, in sentences; none where all is well. */
  readonly problems: readonly string[];
  /** What was seen, for a report. */
  readonly seen: string;
  /** What was measured, by a name that says its unit. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Collects what is not as it should be. */
export class Findings {
  private readonly problems: string[] = [];

  /** @param what for example `the status of /` */
  expect(what: string, received: string | number | null, expected: string | number | RegExp): void {
    const text = received === null ? 'nothing' : String(received);
    const isAsExpected = expected instanceof RegExp ? expected.test(text) : text === String(expected);
    if (!isAsExpected) this.add(`${what} should be ${String(expected)}, and is ${text}`);
  }

  /** Refuses what must never be so. */
  refuse(isWrong: boolean, problem: string): void {
    if (isWrong) this.add(problem);
  }

  add(...problems: readonly string[]): void {
    this.problems.push(...problems);
  }

  outcome(seen: string, figures: Readonly<Record<string, number>> = {}): Outcome {
    return { problems: this.problems, seen, figures };
  }
}
