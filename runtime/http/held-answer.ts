import type { ServerResponse } from 'node:http';

type Step = () => void;
/** The methods that send, which are set aside while an answer is held. */
const SENDING = ['writeHead', 'flushHeaders', 'write', 'end'] as const;

/** An answer that is not sent before some work has settled, whatever its app does meanwhile. */
export class HeldAnswer {
  private readonly steps: Step[] = [];
  private pending = 0;

  /**
   * @param fails Whether the work failed, asked when the last of it has settled.
   * @param fail Sends the answer that takes the place of the app's own.
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly fails: () => boolean,
    private readonly fail: () => void,
  ) {}

  /** Holds the answer for this work too. Does nothing once headers are sent. */
  until(work: Promise<unknown>): void {
    if (this.response.headersSent) return;
    if (this.pending === 0) this.setAside();
    this.pending += 1;
    const settled = (): void => {
      this.pending -= 1;
      if (this.pending === 0) this.release();
    };
    work.then(settled, settled);
  }

  private restore: Step = () => undefined;

  /** Own properties hide the methods below them, those of Next's compression included. */
  private setAside(): void {
    const { response, steps } = this;
    const hidden = SENDING.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)] as const);
    this.restore = () => {
      for (const [name, descriptor] of hidden) {
        if (descriptor === undefined) Reflect.deleteProperty(response, name);
        else Object.defineProperty(response, name, descriptor);
      }
    };
    const later =
      <Result>(name: (typeof SENDING)[number], result: Result) =>
      (...args: unknown[]): Result => {
        steps.push(() => void call(response, name, args));
        return result;
      };
    define(response, 'writeHead', later('writeHead', response));
    define(response, 'flushHeaders', later('flushHeaders', undefined));
    // Not false, for a `drain` that might never come: Next's compression takes its listeners away from the response. What the app writes
    // meanwhile is kept here, no longer than the work may take.
    define(response, 'write', later('write', true));
    define(response, 'end', later('end', response));
  }

  private release(): void {
    const steps = this.steps.splice(0);
    this.restore();
    if (this.fails()) {
      this.fail();
      this.discardTheRest();
    } else {
      for (const step of steps) step();
    }
  }

  /** The app goes on answering; nobody listens any more. */
  private discardTheRest(): void {
    const { response } = this;
    define(response, 'writeHead', () => response);
    define(response, 'flushHeaders', () => undefined);
    define(response, 'write', () => true);
    define(response, 'end', () => response);
  }
}

function call(response: ServerResponse, name: (typeof SENDING)[number], args: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(response, name) as (...args: unknown[]) => unknown, response, args);
}

function define(response: ServerResponse, name: (typeof SENDING)[number], value: unknown): void {
  Object.defineProperty(response, name, { value, configurable: true, writable: true });
}
