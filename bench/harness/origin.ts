import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where the app has its data from: it counts, and answers with the count. */
export class Origin {
  static async start(): Promise<Origin> {
    const counts = new Map<string, number>();
    const server = createServer((request, response) => {
      const path = request.url ?? '/';
      const count = (counts.get(path) ?? 0) + 1;
      counts.set(path, count);
      response.end(String(count));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Origin(server, counts);
  }

  private constructor(
    private readonly server: Server,
    private readonly counts: ReadonlyMap<string, number>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How often a page was rendered, by the key under which it tells. */
  renders(key: string): number {
    return this.counts.get(`/render/${key}`) ?? 0;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
