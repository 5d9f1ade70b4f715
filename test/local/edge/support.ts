import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { Edge, type EdgeEvent, type EdgeOptions, type EdgeResource } from '../../../local/edge';

const closers: (() => Promise<void>)[] = [];

/** Ends whatever a test started; for `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(closers.splice(0).map((close) => close()));
}

export const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
export const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
export const ALL_VIEWER = '216adef6-5c7f-47e4-b989-5492eafa07d3';
export const ALL_VIEWER_AND_CLOUDFRONT = '33f36d7e-f396-46d9-90e0-52428a34d9dc';
export const ALL_VIEWER_EXCEPT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

export interface TestOrigin {
  readonly port: number;
  readonly server: Server;
  readonly requests: IncomingMessage[];
  /** What answers; a test may replace it. */
  answer: RequestListener;
  close(): Promise<void>;
}

export async function startOrigin(answer: RequestListener = (_, response) => response.end('ok')): Promise<TestOrigin> {
  const requests: IncomingMessage[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(incoming);
    origin.answer(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  const origin: TestOrigin = { port: (server.address() as AddressInfo).port, server, requests, answer, close };
  closers.push(close);
  return origin;
}

/** Answers with these headers and this body. */
export function respond(headers: Record<string, string | string[]>, body = 'ok', status = 200): RequestListener {
  return (_, response: ServerResponse) => {
    response.writeHead(status, headers).end(body);
  };
}

/** A cache policy's properties: min 0, default 0, max one year, nothing in the key. */
export function cachePolicy(
  id: string,
  ttls: { min?: number; default?: number; max?: number } = {},
  parameters: Record<string, unknown> = {},
): EdgeResource {
  return resource('CachePolicy', id, {
    CachePolicyConfig: {
      Name: id,
      MinTTL: ttls.min ?? 0,
      DefaultTTL: ttls.default ?? 0,
      MaxTTL: ttls.max ?? 31_536_000,
      ParametersInCacheKeyAndForwardedToOrigin: {
        HeadersConfig: { HeaderBehavior: 'none' },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
        CookiesConfig: { CookieBehavior: 'none' },
        EnableAcceptEncodingGzip: false,
        EnableAcceptEncodingBrotli: false,
        ...parameters,
      },
    },
  });
}

export function originRequestPolicy(id: string, config: Record<string, unknown>): EdgeResource {
  return resource('OriginRequestPolicy', id, { OriginRequestPolicyConfig: { Name: id, ...config } });
}

export function edgeFunction(name: string, code: string): EdgeResource {
  return resource('Function', `arn:aws:cloudfront::000000000000:function/${name}`, {
    Name: name,
    FunctionCode: code,
    FunctionConfig: { Runtime: 'cloudfront-js-2.0' },
  });
}

export function resource(type: string, physicalId: string, properties: Record<string, unknown>): EdgeResource {
  return { logicalId: physicalId.replace(/\W/g, ''), type: `AWS::CloudFront::${type}`, physicalId, properties };
}

/** The policy that pages have. */
export const PAGES = cachePolicy(
  'pages',
  {},
  {
    EnableAcceptEncodingGzip: true,
    EnableAcceptEncodingBrotli: true,
    QueryStringsConfig: { QueryStringBehavior: 'all' },
  },
);

export interface TestEdgeOptions {
  /** Properties of the default behaviour. */
  readonly behavior?: Record<string, unknown>;
  readonly behaviors?: Record<string, unknown>[];
  /** Properties of the one origin. */
  readonly origin?: Record<string, unknown>;
  readonly config?: Record<string, unknown>;
  readonly resources?: EdgeResource[];
  readonly hosts?: Record<string, number>;
  readonly options?: Partial<EdgeOptions>;
}

export class TestEdge {
  readonly events: EdgeEvent[] = [];
  readonly edge: Edge;
  /** The edge's clock, in milliseconds; it stands still unless a test moves it. */
  time = Date.UTC(2026, 0, 1);
  /** How often the edge looked at its clock: at least once for each request that comes. */
  clockReads = 0;

  constructor(
    origin: TestOrigin | undefined,
    { behavior = {}, behaviors = [], config = {}, resources = [], hosts = {}, ...rest }: TestEdgeOptions,
  ) {
    const shared = {
      TargetOriginId: 'app',
      CachePolicyId: 'pages',
      AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
    };
    const DistributionConfig = {
      Origins: [
        {
          Id: 'app',
          DomainName: 'app.example',
          CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
          ...rest.origin,
        },
      ],
      DefaultCacheBehavior: { ...shared, ...behavior },
      CacheBehaviors: behaviors.map((other) => ({ ...shared, ...other })),
      ...config,
    };
    this.edge = new Edge({
      distribution: resource('Distribution', 'E1EXAMPLE', { DistributionConfig }),
      resources: [PAGES, ...resources],
      domainName: 'd111111abcdef8.cloudfront.net',
      hosts: {
        resolve: (name, port) =>
          addressOf({ ...(origin === undefined ? {} : { 'app.example': origin.port }), ...hosts }, name, port),
      },
      now: () => {
        this.clockReads += 1;
        return this.time;
      },
      onRequest: (event) => this.events.push(event),
      ...rest.options,
    });
  }

  get port(): number {
    return this.edge.address.port;
  }

  get(path: string, headers: Record<string, string | string[]> = {}): Promise<Answer> {
    return this.ask({ path, headers });
  }

  /** `x-cache` of a GET, without what is the same everywhere. */
  async result(path: string, headers: Record<string, string | string[]> = {}): Promise<string> {
    return resultOf(await this.get(path, headers));
  }

  ask(options: AskOptions): Promise<Answer> {
    return ask(this.port, options);
  }

  /** Moves the clock. */
  pass(seconds: number): void {
    this.time += seconds * 1000;
  }

  /** Waits until so many requests have ended. */
  async logged(count: number): Promise<readonly EdgeEvent[]> {
    await until(() => this.events.length >= count);
    return this.events;
  }
}

function addressOf(
  hosts: Record<string, number>,
  name: string,
  port: number,
): { host: string; port: number } | undefined {
  const found = hosts[`${name}:${String(port)}`] ?? hosts[name];
  return found === undefined ? undefined : { host: '127.0.0.1', port: found };
}

export async function startEdge(origin: TestOrigin | undefined, options: TestEdgeOptions = {}): Promise<TestEdge> {
  const edge = new TestEdge(origin, options);
  await edge.edge.listen();
  closers.push(() => edge.edge.close());
  return edge;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
}

export interface AskOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

export function ask(port: number, { method = 'GET', path = '/', headers = {}, body }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: bytes.toString(), bytes });
      });
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function resultOf({ headers }: Answer): string {
  return String(headers['x-cache']).replace(' from cloudfront', '');
}

/** Waits until the condition holds; a test's own time limit ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
