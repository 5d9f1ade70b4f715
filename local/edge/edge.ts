import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { readDistribution, type Behavior, type Distribution, type DistributionOptions } from './distribution';
import type { EdgeEvent } from './edge-event';
import { Exchange, type ExchangeContext } from './exchange';
import { ObjectCache } from './object-cache';
import { OriginClient, type Hosts } from './origin-client';
import { normalizePath } from './path-pattern';
import { Retriever } from './retriever';
import { MemoryBudget } from './shared-body';
import type { ViewerSettings } from './viewer-request';
import { WebSocketExchange } from './web-socket';

export interface EdgeOptions extends DistributionOptions {
  /** Where the servers of domain names listen. */
  readonly hosts: Hosts;
  /**
   * The scheme of the address that viewers use, which `CloudFront-Forwarded-Proto` tells the origin.
   *
   * Viewers of a laptop come to `http://localhost:PORT`. No viewer protocol policy redirects them: what asks for HTTPS is taken as
   * satisfied. But an app builds absolute URLs (redirects, canonical links, `request.url`) from what the header says, and only `http` leads
   * them back here. Nothing else hangs on it: Next.js compares a server action's `Origin` with the host alone, which reaches it with
   * its port, and browsers keep `Secure` cookies on `localhost`. An app that sends every plain request to HTTPS needs `https`.
   * @default 'http'
   */
  readonly viewerProtocol?: 'http' | 'https';
  /**
   * CloudFront's headers about the viewer's location, by name; of a local viewer nothing is known.
   * @default - none
   */
  readonly viewerLocation?: Readonly<Record<string, string>>;
  /**
   * Bytes that the cache may hold.
   * @default 256 MiB
   */
  readonly cacheBytes?: number;
  /**
   * Milliseconds since the epoch.
   * @default Date.now
   */
  readonly now?: () => number;
  /** Told of each request after its end. */
  readonly onRequest?: (event: EdgeEvent) => void;
}

const MIB = 1024 * 1024;
const DEFAULT_CACHE_BYTES = 256 * MIB;

/** Room above CloudFront's limit, so that the edge itself can answer what is too large. */
const PARSER_HEADER_BYTES = 64 * 1024;

/** An edge location of CloudFront that runs one distribution of a template. */
export class Edge {
  private readonly cache: ObjectCache;
  private readonly origins: OriginClient;
  private readonly cacheBytes: number;
  private context: ExchangeContext;
  private readonly servers: Server[] = [];
  private readonly tunnels = new Set<Duplex>();

  constructor(private readonly options: EdgeOptions) {
    this.cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES;
    this.cache = new ObjectCache(this.cacheBytes, options.now);
    this.origins = new OriginClient(options.hosts);
    this.context = this.createContext(options);
  }

  get distribution(): Distribution {
    return this.context.distribution;
  }

  /** Goes on with another configuration of the distribution; what is cached stays. Requests under way end as they began. */
  update(options: DistributionOptions): void {
    this.context = this.createContext(options);
  }

  /** What the template asks for and the edge does not do, one sentence each. */
  get unsupported(): readonly string[] {
    return this.distribution.unsupported;
  }

  /** Listens on loopback; port 0 takes a free one. A port in use rejects with `EADDRINUSE`. */
  async listen(port = 0): Promise<void> {
    await this.listenOn('127.0.0.1', port);
    // Browsers may take localhost for ::1 first; another server there would answer in our place.
    await this.listenOn('::1', this.address.port).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && port !== 0) throw error;
    });
  }

  get address(): { readonly host: string; readonly port: number; readonly url: string } {
    const address = this.servers[0]?.address() as AddressInfo | null | undefined;
    if (address === null || address === undefined)
      throw new Error('cdk-nextjs-ecs/local edge: not listening; call listen() first');
    return { host: address.address, port: address.port, url: `http://localhost:${String(address.port)}` };
  }

  /** Ends cached objects early: `/path`, `/prefix*` or `#tag`. Answers how many went. */
  invalidate(items: readonly string[]): number {
    return this.cache.invalidate(items);
  }

  /** What the cache holds. */
  get stored(): { readonly objects: number; readonly bytes: number } {
    return { objects: this.cache.count, bytes: this.cache.size };
  }

  async close(): Promise<void> {
    this.origins.close();
    for (const tunnel of this.tunnels) tunnel.destroy();
    await Promise.all(this.servers.splice(0).map(closeServer));
  }

  private async listenOn(host: string, port: number): Promise<void> {
    const server = createServer({ maxHeaderSize: PARSER_HEADER_BYTES, requestTimeout: 0, keepAliveTimeout: 60_000 });
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      void new Exchange(this.context, incoming, outgoing).run();
    });
    server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.tunnels.add(socket);
      socket.on('close', () => this.tunnels.delete(socket));
      new WebSocketExchange({ ...this.context, origins: this.origins }, incoming, socket).run(head);
    });
    server.on('clientError', refuseMalformed);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.servers.push(server);
  }

  private createContext(distributionOptions: DistributionOptions): ExchangeContext {
    const { options, cache, origins, cacheBytes } = this;
    const now = options.now ?? Date.now;
    const distribution = readDistribution(distributionOptions);
    const behaviorOf = (path: string): Behavior => findBehavior(distribution, path);
    const budget = new MemoryBudget(cacheBytes);
    const retriever = new Retriever({
      distribution,
      cache,
      origins,
      budget,
      maxObjectBytes: cacheBytes / 8,
      now,
      behaviorOf,
    });
    const viewer: ViewerSettings = {
      protocol: options.viewerProtocol ?? 'http',
      located: lowerCaseKeys(options.viewerLocation ?? {}),
    };
    return { distribution, retriever, viewer, behaviorOf, now, onRequest: options.onRequest };
  }
}

function findBehavior(distribution: Distribution, path: string): Behavior {
  const normalized = normalizePath(path);
  const behavior = distribution.behaviors.find((candidate) => candidate.matches(normalized));
  if (behavior === undefined) throw new Error(`cdk-nextjs-ecs/local edge: no behaviour takes ${path}`);
  return behavior;
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '413 Request Entity Too Large' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nServer: CloudFront\r\nX-Cache: Error from cloudfront\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

function lowerCaseKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}
