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

/** On Ctrl-C, and where the benchmark itself breaks: no server, no temporary folder stays behind. */
export function cleanUpWhenInterrupted(): void {
  const end = (code: number): void => {
    void Promise.all([...open].map((scope) => scope.close())).then(() => {
      process.exit(code);
    });
  };
  process.once('SIGINT', () => {
    end(130);
  });
  process.once('SIGTERM', () => {
    end(143);
  });
  process.once('uncaughtException', (error) => {
    console.error(error);
    end(1);
  });
}
