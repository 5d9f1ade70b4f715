type Cleanup = () => Promise<void> | void;

const open = new Set<Scope>();

/** What a benchmark has started and made, undone at its end, and when the run is interrupted. */
export class Scope {
  static async run<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
    const scope = new Scope();
    try {
      return await work(scope);
    } finally {
      await scope.close();
    }
  }

  private readonly cleanups: Cleanup[] = [];

  private constructor() {
    open.add(this);
  }

  /** Undone last first. */
  defer(cleanup: Cleanup): void {
    this.cleanups.push(cleanup);
  }

  async close(): Promise<void> {
    open.delete(this);
    for (let cleanup = this.cleanups.pop(); cleanup !== undefined; cleanup = this.cleanups.pop()) {
      try {
        await cleanup();
      } catch (error) {
        console.error(`bench: could not clean up: ${String(error)}`);
      }
    }
  }
}

/** On Ctrl-C: no server, no temporary folder stays behind. */
export function cleanUpWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void Promise.all([...open].map((scope) => scope.close())).then(() => {
        process.exit(signal === 'SIGINT' ? 130 : 143);
      });
    });
  }
}
