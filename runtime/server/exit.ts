/** The file of Next that calls `process.exit` when it has closed its server and finished every `after`. */
const NEXT_CLEANUP = 'start-server';

/** Puts `process.exit` off, so that what is pending can be written after Next believes that it is done. */
export class PostponedExit {
  private readonly exit = process.exit.bind(process);
  private nextIsDone: () => void = () => undefined;

  /** Resolves when Next asks to exit. A listener of the app that exits on its own does not cut Next off. */
  readonly requestedByNext = new Promise<void>((resolve) => {
    this.nextIsDone = resolve;
  });

  begin(): void {
    const postpone = (): void => {
      if (new Error().stack?.includes(NEXT_CLEANUP) === true) this.nextIsDone();
    };
    Object.defineProperty(process, 'exit', { value: postpone, configurable: true, writable: true });
  }

  now(code: number): void {
    this.exit(code);
  }
}
