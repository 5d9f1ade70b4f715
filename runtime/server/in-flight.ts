import type { IncomingMessage, ServerResponse } from 'node:http';

interface InFlightRequest {
  readonly method: string;
  readonly url: string;
  readonly startedAt: number;
  readonly response: ServerResponse;
  /** Where it stands among those in flight. */
  position: number;
}

/**
 * The requests that are being answered, their streams included.
 *
 * No Map: what is put in and taken out all the time makes it grow a new table again and again, each of which refers to the next. One that
 * the garbage collector has moved to the old generation keeps all later ones, and the answers in them, until that is collected.
 */
export class InFlight {
  private readonly requests: InFlightRequest[] = [];
  /** Number of requests that have ever come. */
  arrivals = 0;

  add({ method = 'GET', url = '/' }: IncomingMessage, response: ServerResponse): void {
    this.arrivals += 1;
    const request = { method, url, startedAt: performance.now(), response, position: this.requests.length };
    this.requests.push(request);
    response.once('close', () => {
      this.remove(request);
    });
  }

  get count(): number {
    return this.requests.length;
  }

  get responses(): readonly ServerResponse[] {
    return this.requests.map(({ response }) => response);
  }

  /** What a log line may say of the oldest requests: no query strings, they hold what only the viewer knows. */
  describe(most: number): string[] {
    const now = performance.now();
    return this.requests
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .slice(0, most)
      .map(({ method, url, startedAt }) => `${method} ${url.split('?', 1)[0]} (${Math.round(now - startedAt)} ms)`);
  }

  /** The last one takes its place. */
  private remove(request: InFlightRequest): void {
    const last = this.requests.pop();
    if (last === undefined || last === request) return;
    this.requests[request.position] = last;
    last.position = request.position;
  }
}
