import type { ResolvedResource, ResolvedStack } from '../assembly';
import { Balancer, type BalancerEvent, type TargetHealth as BalancedTarget } from '../balancer';
import type { Target, TargetHealth, Targets } from '../fleet';

/** A load balancer, as JSON. */
export interface BalancerState {
  /** The domain name that it would have. */
  readonly domainName: string;
  /** Addresses on this machine by listener port. */
  readonly listeners: Readonly<Record<number, string>>;
  /** Targets by the ARN of their group. */
  readonly targetGroups: Readonly<Record<string, readonly BalancedTarget[]>>;
}

interface Member {
  readonly domainName: string;
  /** Port of the first listener, as the template has it. */
  readonly listenerPort: number;
  readonly targetGroups: readonly string[];
  readonly balancer: Balancer;
}

/** Nobody at a laptop wants to wait for a whole interval until a replica that has started is asked. In milliseconds. */
const INITIAL_CHECK_INTERVAL = 50;

/** The stack's application load balancers, and what ECS and CloudFront see of them. */
export class Balancers implements Targets {
  /**
   * @param port where the first listener of the first load balancer is to listen; 0 takes a free one, as all others do
   * @param onRequest told of each request after its end
   */
  static async start(
    stack: ResolvedStack,
    port: number,
    onRequest: (event: BalancerEvent) => void,
  ): Promise<Balancers> {
    const loadBalancers = stack.ofType('AWS::ElasticLoadBalancingV2::LoadBalancer');
    const [others, application] = [
      loadBalancers.filter(isOther),
      loadBalancers.filter((resource) => !isOther(resource)),
    ];
    const members = application.map((resource) => createMember(stack, resource, onRequest));
    const balancers = new Balancers(members, others);
    try {
      for (const [index, { balancer, listenerPort }] of members.entries()) {
        await balancer.listen(index === 0 ? { [listenerPort]: port } : {});
      }
    } catch (error) {
      await balancers.close();
      throw error;
    }
    return balancers;
  }

  private constructor(
    private readonly members: readonly Member[],
    private readonly others: readonly ResolvedResource[],
  ) {}

  /** Address of the first listener. */
  get url(): string | undefined {
    const [address] = this.members[0]?.balancer.addresses ?? [];
    return address === undefined ? undefined : `http://localhost:${address.port}`;
  }

  get state(): readonly BalancerState[] {
    return this.members.map(({ domainName, targetGroups, balancer }) => ({
      domainName,
      listeners: Object.fromEntries(
        balancer.addresses.map(({ listenerPort, host, port }) => [listenerPort, `http://${host}:${port}`]),
      ),
      targetGroups: Object.fromEntries(targetGroups.map((arn) => [arn, balancer.targetHealth(arn)])),
    }));
  }

  /** What does not run as it would on AWS, in sentences. */
  get notes(): readonly string[] {
    return [
      ...this.members.flatMap(({ balancer }) => balancer.unsupported.map((sentence) => `load balancer: ${sentence}`)),
      ...this.others.map(
        ({ logicalId, properties }) => `load balancer ${logicalId} is not run: its type is ${String(properties.Type)}`,
      ),
    ];
  }

  /** Where all listeners listen. */
  get addresses(): readonly Target[] {
    return this.members.flatMap(({ balancer }) => balancer.addresses.map(({ host, port }) => ({ host, port })));
  }

  /** Where a listener of the load balancer with that domain name listens. */
  resolve(domainName: string, port: number): Target | undefined {
    return this.members.find((member) => member.domainName === domainName)?.balancer.address(port);
  }

  register(targetGroupArn: string, target: Target): void {
    this.find(targetGroupArn)?.registerTarget(targetGroupArn, target);
  }

  async deregister(targetGroupArn: string, target: Target): Promise<void> {
    await this.find(targetGroupArn)?.deregisterTarget(targetGroupArn, target);
  }

  health(targetGroupArn: string, { host, port }: Target): TargetHealth {
    const balancer = this.find(targetGroupArn);
    // Nobody checks the targets of a load balancer that is not run.
    if (balancer === undefined) return 'healthy';
    const found = balancer.targetHealth(targetGroupArn).find((target) => target.host === host && target.port === port);
    return found?.state ?? 'unused';
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ balancer }) => balancer.close()));
  }

  private find(targetGroupArn: string): Balancer | undefined {
    return this.members.find(({ targetGroups }) => targetGroups.includes(targetGroupArn))?.balancer;
  }
}

/** Network and gateway load balancers. */
function isOther({ properties }: ResolvedResource): boolean {
  return !['application', undefined].includes(properties.Type as string | undefined);
}

function createMember(
  stack: ResolvedStack,
  loadBalancer: ResolvedResource,
  onRequest: (event: BalancerEvent) => void,
): Member {
  const listeners = stack.ofType('AWS::ElasticLoadBalancingV2::Listener').filter(({ properties }) => {
    return properties.LoadBalancerArn === loadBalancer.physicalId;
  });
  const rules = stack.ofType('AWS::ElasticLoadBalancingV2::ListenerRule').filter(({ properties }) => {
    return listeners.some(({ physicalId }) => physicalId === properties.ListenerArn);
  });
  // A target group belongs to the one load balancer whose actions name it.
  const actions = JSON.stringify([...listeners, ...rules].map(({ properties }) => properties));
  const targetGroups = stack
    .ofType('AWS::ElasticLoadBalancingV2::TargetGroup')
    .filter(({ physicalId }) => actions.includes(physicalId));
  return {
    domainName: stack.attribute(loadBalancer.logicalId, 'DNSName'),
    listenerPort: Number(listeners[0]?.properties.Port ?? 0),
    targetGroups: targetGroups.map(({ physicalId }) => physicalId),
    balancer: new Balancer({
      loadBalancer,
      listeners,
      rules,
      targetGroups,
      initialCheckInterval: INITIAL_CHECK_INTERVAL,
      onRequest,
    }),
  };
}
