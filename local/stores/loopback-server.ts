import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Above the idle time that any client keeps a connection for, so that no request meets a connection that is being closed. */
const KEEP_ALIVE_MS = 120_000;

/** An HTTP server on 127.0.0.1 and a free port. */
export class LoopbackServer {
  static async start(handler: RequestHandler): Promise<LoopbackServer> {
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
      handler(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new LoopbackServer(server, (server.address() as AddressInfo).port);
  }

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** For example `http://127.0.0.1:40123`. */
  get endpoint(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  /** Stops at once: requests in flight are cut. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      this.server.close(() => {
        resolve();
      }),
    );
    this.server.closeAllConnections();
    await closed;
  }
}
