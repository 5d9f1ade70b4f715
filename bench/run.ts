import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import type { Bench } from './cases/bench';
import { BENCH, installPeers, prepareBenchApp, type BenchApp } from './harness/app';
import type { Lab } from './harness/lab';
import { describeMachine, load, referenceNode } from './harness/machine';
import { clearlyMissed, type Findings, type Plot, type Row } from './harness/result';
import { cleanUpWhenInterrupted, Scope } from './harness/scope';
import { table } from './report/table';

/** A machine that others use is slow for half a minute or so. */
const TRIES = 3;

export const RESULTS = path.join(BENCH, 'results');

/** What a file in `bench/results` holds. */
export interface Result extends Partial<Findings> {
  readonly bench: string;
  readonly title: string;
  readonly at: string;
  /** Load of the machine before and after. */
  readonly load: readonly [before: number, after: number];
  readonly seconds: number;
  readonly machine: object;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly plots?: readonly Plot[];
  /** Why nothing was found. */
  readonly error?: string;
}

export interface RunOptions {
  readonly quick: boolean;
  readonly json: boolean;
}

/** One run of several benchmarks: what fails is a line of the table, and the next one's turn. */
export class Run {
  private app: Promise<BenchApp> | undefined;

  constructor(private readonly options: RunOptions) {
    cleanUpWhenInterrupted();
  }

  /** Whether all were found, and none clearly misses its target. */
  async all(benches: readonly Bench[]): Promise<boolean> {
    return Scope.run(async (scope) => {
      await installPeers(sayAs('bench'), scope);
      const results: Result[] = [];
      for (const bench of benches) {
        const result = await this.settled(bench, scope);
        results.push(result);
        if (!this.options.quick && result.error === undefined) keep(result);
        if (!this.options.json) console.log(table([result]));
      }
      if (this.options.json) console.log(JSON.stringify(results, undefined, 2));
      else if (results.length > 1) console.log(`\n${table(results)}`);
      return !results.some((result) => result.error !== undefined || (this.options.quick && isMissed(result)));
    });
  }

  /** In a quick run the last of some tries: what is missed by more than noise is missed each time. */
  private async settled(bench: Bench, scope: Scope): Promise<Result> {
    let result = await this.one(bench, scope);
    for (let tries = 1; this.options.quick && isMissed(result) && tries < TRIES; tries += 1) {
      if (!this.options.json) console.log(table([result]));
      sayAs(bench.name)('a target is missed: once more, for it may be noise');
      result = await this.one(bench, scope);
    }
    return result;
  }

  private async one(bench: Bench, whole: Scope): Promise<Result> {
    const before = load();
    const since = performance.now();
    const about = { bench: bench.name, title: bench.title, at: new Date().toISOString() };
    const found = await Scope.run((scope) => bench.measure(this.lab(bench, scope, whole))).catch((error: unknown) => ({
      rows: [],
      error: error instanceof Error ? error.message : String(error),
    }));
    const seconds = Math.round((performance.now() - since) / 1000);
    return { ...about, load: [before, load()], seconds, machine: describeMachine(), versions: versions(), ...found };
  }

  private lab(bench: Bench, scope: Scope, whole: Scope): Lab {
    const say = sayAs(bench.name);
    return {
      quick: this.options.quick,
      node: referenceNode(),
      scope,
      say,
      app: () => (this.app ??= prepareBenchApp(say, whole)),
    };
  }
}

function isMissed({ rows, error }: Result): boolean {
  return error !== undefined || rows.some(clearlyMissed);
}

/** Says how far a benchmark is. */
function sayAs(name: string): (message: string) => void {
  return (message) => {
    process.stderr.write(`${name}: ${message}\n`);
  };
}

export function keep(result: Result): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path.join(RESULTS, `${result.bench}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Of what is compared, and of ours. */
export function versions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const { version } = require('../package.json') as { version: string };
  const { dependencies } = require('./package.json') as { dependencies: Record<string, string> };
  return { 'cdk-nextjs-ecs': version, ...dependencies };
}
