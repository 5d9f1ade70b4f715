import type { ServerResponse } from 'node:http';

import type { ObservedStack } from './observation-routes';

/** What is told of a stack while it runs. */
export interface LiveStack extends ObservedStack {
  readonly state: unknown;
}

/** How often requests are told, and how often everything else is looked at, in milliseconds. */
const REQUESTS_PERIOD = 250;
const STATE_PERIOD = 1000;

/** Of a storm only the latest are told: nobody could read more. */
const MOST_REQUESTS = 50;

const MOST_LISTENERS = 20;

/**
 * Server-sent events: `requests`, the lines of the log that are new or changed, and `state`, the stack's state and counters, when
 * these have changed. Nothing is looked at while nobody listens.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class LiveStream {
  private readonly listeners = new Set<ServerResponse>();
  private readonly changed = new Set<string>();
  private timers: NodeJS.Timeout[] = [];
  private unsubscribe: () => void = () => undefined;
  private lastState = '';

  constructor(private readonly stack: LiveStack) {}

  /** Answers a request with events until its client goes. */
  attach(response: ServerResponse): void {
    if (this.listeners.size >= MOST_LISTENERS) {
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end(`${MOST_LISTENERS} listen already\n`);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    if (this.listeners.size === 0) this.start();
    this.listeners.add(response);
    response.write(eventOf('state', this.readState()));
    response.once('close', () => {
      this.listeners.delete(response);
      if (this.listeners.size === 0) this.stop();
    });
  }

  close(): void {
    for (const response of this.listeners) response.end();
    this.stop();
  }

  private start(): void {
    this.unsubscribe = this.stack.onRequest((id) => {
      this.changed.delete(id);
      this.changed.add(id);
    });
    this.timers = [
      setInterval(() => {
        this.tellRequests();
      }, REQUESTS_PERIOD),
      setInterval(() => {
        this.tellState();
      }, STATE_PERIOD),
    ];
    for (const timer of this.timers) timer.unref();
  }

  private stop(): void {
    this.unsubscribe();
    for (const timer of this.timers) clearInterval(timer);
    this.changed.clear();
  }

  private tellRequests(): void {
    const ids = [...this.changed].slice(-MOST_REQUESTS);
    this.changed.clear();
    const requests = ids.flatMap((id) => this.stack.tryFindSummary(id) ?? []);
    if (requests.length > 0) this.tell('requests', requests);
  }

  private tellState(): void {
    const state = this.readState();
    // The time alone is no news.
    const text = JSON.stringify(state, (name, value: unknown) => (name === 'time' ? undefined : value));
    if (text === this.lastState) return;
    this.lastState = text;
    this.tell('state', state);
  }

  private readState(): unknown {
    const { state, metrics } = this.stack;
    return { state, metrics };
  }

  private tell(name: string, data: unknown): void {
    const event = eventOf(name, data);
    for (const response of this.listeners) response.write(event);
  }
}

function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
