import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { Balancer, type BalancerOptions, type BalancerResource } from '../../../local/balancer';

const closers: (() => Promise<void>)[] = [];

/** Ends whatever a test started; for `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(closers.splice(0).map((close) => close()));
}

/** Runs when the test ends. */
export function atEnd(close: () => Promise<void>): void {
  closers.push(close);
}

export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly server: Server;
  /** Requests that came, health checks left out. */
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

export async function startTarget(
  listener: RequestListener = (_, response) => response.end('ok'),
): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((incoming, outgoing) => {
    if (incoming.headers['user-agent'] !== 'ELB-HealthChecker/2.0') requests.push(incoming);
    listener(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  atEnd(close);
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, server, requests, close };
}

export const BALANCER_ARN = 'arn:balancer';
export const LISTENER_ARN = 'arn:listener';

export function targetGroup(arn: string, properties: Record<string, unknown> = {}): BalancerResource {
  return resource('TargetGroup', arn, {
    Name: arn,
    HealthCheckPath: '/health',
    HealthCheckIntervalSeconds: 5,
    ...properties,
  });
}

export function rule(priority: number, conditions: readonly unknown[], action: unknown): BalancerResource {
  return resource('ListenerRule', `rule-${String(priority)}`, {
    ListenerArn: LISTENER_ARN,
    Priority: priority,
    Conditions: conditions,
    Actions: [action],
  });
}

export const forwardTo = (arn: string): unknown => ({ Type: 'forward', TargetGroupArn: arn });

export const fixed = (body: string, status = '200'): unknown => ({
  Type: 'fixed-response',
  FixedResponseConfig: { StatusCode: status, ContentType: 'text/plain', MessageBody: body },
});

export function attributes(values: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
}

export interface TestBalancerOptions {
  readonly attributes?: Record<string, string>;
  readonly listener?: Record<string, unknown>;
  readonly rules?: BalancerResource[];
  readonly groups?: BalancerResource[];
  readonly options?: Partial<BalancerOptions>;
}

/** A balancer with one listener, whose default action forwards to the group `arn:group`. */
export async function startBalancer(options: TestBalancerOptions = {}): Promise<Balancer & { port: number }> {
  const balancer = new Balancer({
    loadBalancer: resource('LoadBalancer', BALANCER_ARN, {
      LoadBalancerAttributes: attributes(options.attributes ?? {}),
    }),
    listeners: [
      resource('Listener', LISTENER_ARN, {
        LoadBalancerArn: BALANCER_ARN,
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [forwardTo('arn:group')],
        ...options.listener,
      }),
    ],
    rules: options.rules ?? [],
    targetGroups: options.groups ?? [targetGroup('arn:group')],
    initialCheckInterval: 10,
    ...options.options,
  });
  await balancer.listen();
  atEnd(() => balancer.close());
  return Object.assign(balancer, { port: balancer.addresses[0]?.port ?? 0 });
}

function resource(type: string, arn: string, properties: Record<string, unknown>): BalancerResource {
  return {
    logicalId: arn.replace(/\W/g, ''),
    type: `AWS::ElasticLoadBalancingV2::${type}`,
    physicalId: arn,
    properties,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

export function ask(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Waits until the condition holds; a test's own time limit ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export async function registerHealthy(
  balancer: Balancer,
  arn: string,
  ...targets: readonly { host: string; port: number }[]
): Promise<void> {
  for (const target of targets) balancer.registerTarget(arn, target);
  await until(() => balancer.targetHealth(arn).every(({ state }) => state === 'healthy'));
}
