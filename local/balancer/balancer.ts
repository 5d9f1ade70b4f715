import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { BalancedHttpRequest } from './balanced-http-request';
import type { BalancedRequestContext } from './balanced-request';
import { BalancedWebSocket } from './balanced-web-socket';
import type { BalancerEvent } from './balancer-event';
import { MAX_HEADERS_BYTES } from './forwarded-request';
import type { HealthCheckPace } from './health-check';
import { readListener, type ListenerSettings } from './listener-rules';
import { readLoadBalancer, type LoadBalancerSettings } from './load-balancer';
import { ownResponseText } from './own-response';
import type { BalancerResource } from './resource';
import type { TargetAddress, TargetHealth } from './target';
import { TargetGroup } from './target-group';
import { readTargetGroup } from './target-group-settings';

export interface BalancerOptions {
  /** An `AWS::ElasticLoadBalancingV2::LoadBalancer`. */
  readonly loadBalancer: BalancerResource;
  /** Listeners; those of other load balancers are left out. */
  readonly listeners: Iterable<BalancerResource>;
  /**
   * Listener rules; those of other listeners are left out.
   * @default - none
   */
  readonly rules?: Iterable<BalancerResource>;
  readonly targetGroups: Iterable<BalancerResource>;
  /**
   * Factor on the intervals of health checks and on the deregistration delay; no factor on any timeout.
   * @default 1
   */
  readonly timeScale?: number;
  /**
   * Milliseconds between health checks of a target that has not been healthy yet. Nobody at a laptop wants to wait for the interval.
   * @default - the health check's interval
   */
  readonly initialCheckInterval?: number;
  /** Told of each request after its end. */
  readonly onRequest?: (event: BalancerEvent) => void;
  /** Told when a target's state changes. */
  readonly onHealthChange?: (targetGroupArn: string, health: TargetHealth) => void;
}

export interface ListenerAddress {
  /** Port that the template gives the listener. */
  readonly listenerPort: number;
  readonly host: string;
  /** Port on this machine. */
  readonly port: number;
}

/** An application load balancer of a template: its listeners, rules and target groups. */
export class Balancer {
  readonly settings: LoadBalancerSettings;
  /** What the template asks for and the balancer does not do, one sentence each. */
  readonly unsupported: readonly string[];
  private readonly listeners: readonly ListenerSettings[];
  private readonly targetGroups: ReadonlyMap<string, TargetGroup>;
  private readonly servers: { readonly address: ListenerAddress; readonly server: Server }[] = [];
  private readonly tunnels = new Set<Duplex>();

  constructor(private readonly options: BalancerOptions) {
    this.settings = readLoadBalancer(options.loadBalancer);
    const rules = [...(options.rules ?? [])];
    this.listeners = [...options.listeners]
      .filter((listener) => listener.properties.LoadBalancerArn === this.settings.arn)
      .map((listener) => readListener(listener, rules));
    this.targetGroups = this.createTargetGroups();
    this.unsupported = [
      ...this.settings.unsupported,
      ...this.listeners.flatMap((listener) => listener.unsupported),
      ...[...this.targetGroups.values()].flatMap(({ settings }) =>
        settings.unsupported.map((text) => `target group ${settings.name}: ${text}`),
      ),
    ];
  }

  /**
   * Listens on loopback for every listener.
   * @param ports ports on this machine by listener port; a listener without one takes a free port
   */
  async listen(ports: Readonly<Record<number, number>> = {}): Promise<void> {
    for (const settings of this.listeners) await this.listenFor(settings, ports[settings.port] ?? 0);
  }

  get addresses(): readonly ListenerAddress[] {
    return this.servers.map(({ address }) => address);
  }

  /** Where the listener of that port listens; undefined when there is none. */
  address(listenerPort: number): ListenerAddress | undefined {
    return this.servers.find(({ address }) => address.listenerPort === listenerPort)?.address;
  }

  registerTarget(targetGroupArn: string, target: TargetAddress): void {
    this.targetGroup(targetGroupArn).register(target);
  }

  /** Fulfilled when the target's last request is done, or the deregistration delay is over and what was left is cut. */
  async deregisterTarget(targetGroupArn: string, target: TargetAddress): Promise<void> {
    await this.targetGroup(targetGroupArn).deregister(target);
  }

  /** The targets of a group, those that drain included. */
  targetHealth(targetGroupArn: string): readonly TargetHealth[] {
    return this.targetGroup(targetGroupArn).health;
  }

  /** Whether a listener or rule of this load balancer forwards to the group. */
  hasTargetGroup(targetGroupArn: string): boolean {
    return this.targetGroups.has(targetGroupArn);
  }

  async close(): Promise<void> {
    for (const group of this.targetGroups.values()) group.close();
    for (const tunnel of this.tunnels) tunnel.destroy();
    await Promise.all(this.servers.splice(0).map(({ server }) => closeServer(server)));
  }

  /** The groups that the rules forward to; a template may hold those of other load balancers too. */
  private createTargetGroups(): ReadonlyMap<string, TargetGroup> {
    const resources = new Map([...this.options.targetGroups].map((group) => [group.physicalId, group]));
    const actions = this.listeners.flatMap(({ rules }) => rules.map(({ action }) => action));
    const arns = new Set(
      actions.flatMap((action) => (action.type === 'forward' ? action.groups.map(({ arn }) => arn) : [])),
    );
    return new Map(
      [...arns].map((arn) => {
        const resource = resources.get(arn);
        if (resource === undefined) {
          throw new Error(
            `cdk-nextjs-ecs/local balancer: a rule forwards to target group "${arn}"; the template has: ${[...resources.keys()].join(', ') || 'none'}`,
          );
        }
        return [arn, this.createTargetGroup(resource)];
      }),
    );
  }

  private createTargetGroup(resource: BalancerResource): TargetGroup {
    const settings = readTargetGroup(resource);
    const { timeScale = 1, onHealthChange } = this.options;
    const initialInterval = this.options.initialCheckInterval ?? settings.healthCheck.interval * 1000 * timeScale;
    const pace: HealthCheckPace = { timeScale, initialInterval };
    const { idleTimeout } = this.settings;
    return new TargetGroup({
      settings,
      pace,
      idleTimeout,
      onChange: (health) => onHealthChange?.(settings.arn, health),
    });
  }

  private targetGroup(arn: string): TargetGroup {
    const group = this.targetGroups.get(arn);
    if (group === undefined) {
      throw new Error(
        `cdk-nextjs-ecs/local balancer: no target group "${arn}"; known are ${[...this.targetGroups.keys()].join(', ') || 'none'}`,
      );
    }
    return group;
  }

  private async listenFor(settings: ListenerSettings, port: number): Promise<void> {
    const context: BalancedRequestContext = {
      balancer: this.settings,
      listener: settings,
      targetGroups: this.targetGroups,
      onRequest: this.options.onRequest,
    };
    const server = createServer({
      maxHeaderSize: 2 * MAX_HEADERS_BYTES,
      requestTimeout: 0,
      keepAliveTimeout: this.settings.idleTimeout * 1000,
    });
    server.on('request', (incoming, outgoing) => {
      new BalancedHttpRequest(context, incoming, outgoing).answer();
    });
    server.on('upgrade', (incoming, socket: Duplex, head) => {
      this.tunnels.add(socket);
      socket.on('close', () => this.tunnels.delete(socket));
      new BalancedWebSocket(context, incoming, socket).answer(head);
    });
    server.on('clientError', refuseMalformed);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const { address: host, port: ownPort } = server.address() as AddressInfo;
    this.servers.push({ address: { listenerPort: settings.port, host, port: ownPort }, server });
  }
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(ownResponseText({ status: error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400 }));
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
