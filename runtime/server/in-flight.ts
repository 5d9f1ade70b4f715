import type { IncomingMessage, ServerResponse } from 'node:http';

interface InFlightRequest {
  readonly method: string;
  readonly url: string;
  readonly startedAt: number;
}

/** The requests that are being answered, their streams included. */
export class InFlight {
  private readonly requests = new Map<ServerResponse, InFlightRequest>();
  /** Number of requests that have ever come. */
  arrivals = 0;

  add({ method = 'GET', url = '/' }: IncomingMessage, response: ServerResponse): void {
    this.arrivals += 1;
    this.requests.set(response, { method, url, startedAt: performance.now() });
    response.once('close', () => {
      this.requests.delete(response);
    });
  }

  get count(): number {
    return this.requests.size;
  }

  get responses(): Iterable<ServerResponse> {
    return this.requests.keys();
  }

  /** What a log line may say of the requests: no query strings, they hold what only the viewer knows. */
  describe(most: number): string[] {
    const now = performance.now();
    return [...this.requests.values()]
      .slice(0, most)
      .map(({ method, url, startedAt }) => `${method} ${url.split('?', 1)[0]} (${Math.round(now - startedAt)} ms)`);
  }
}
