import type { IncomingMessage, ServerResponse } from 'node:http';

import { Health } from '../../contract';

/** What a load balancer is told. */
export type HealthStatus = 'ok' | 'starting' | 'draining';

/** Whether the server wants requests, answered at a path of its own. */
export class HealthCheck {
  private readonly waitingFor: Set<string>;
  private draining = false;

  /** @param conditions Everything that has to be {@link fulfill}ed before the server wants requests. */
  constructor(conditions: readonly string[]) {
    this.waitingFor = new Set(conditions);
  }

  get status(): HealthStatus {
    if (this.draining) return 'draining';
    return this.waitingFor.size === 0 ? 'ok' : 'starting';
  }

  fulfill(condition: string): void {
    this.waitingFor.delete(condition);
  }

  drain(): void {
    this.draining = true;
  }

  asksForHealth({ url = '' }: IncomingMessage): boolean {
    return url === Health.PATH || url.startsWith(`${Health.PATH}?`);
  }

  answer({ method }: IncomingMessage, response: ServerResponse): void {
    const { status } = this;
    const body = JSON.stringify({ status, ...(status === 'starting' ? { waitingFor: [...this.waitingFor] } : {}) });
    response.writeHead(status === 'ok' ? 200 : 503, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(method === 'HEAD' ? undefined : body);
  }
}
