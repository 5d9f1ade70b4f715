import type { ResolvedResource, ResolvedStack } from '../assembly';

/** What is made once, at the start. */
const FIXED_TYPES: Readonly<Record<string, string>> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': 'load balancer',
  'AWS::ElasticLoadBalancingV2::Listener': 'listener',
  'AWS::ElasticLoadBalancingV2::ListenerRule': 'listener rule',
  'AWS::ElasticLoadBalancingV2::TargetGroup': 'target group',
};

const SERVICE = 'AWS::ECS::Service';

/** What of a deployment waits for the next start, in sentences: changes of load balancers, and services that come or go. */
export function describeNotApplied(before: ResolvedStack, after: ResolvedStack): readonly string[] {
  const fixed = Object.entries(FIXED_TYPES).flatMap(([type, noun]) =>
    compare(before, after, type).map(({ name, change }) => `${noun} ${name} ${change}`),
  );
  const services = compare(before, after, SERVICE)
    .filter(({ change }) => change !== 'has changed')
    .map(({ name, change }) => `service ${name} ${change}`);
  return [...fixed, ...services].map((sentence) => `${sentence}, which takes effect at the next start`);
}

interface Difference {
  readonly name: string;
  readonly change: 'is new' | 'is gone' | 'has changed';
}

function compare(before: ResolvedStack, after: ResolvedStack, type: string): Difference[] {
  const [earlier, later] = [propertiesByName(before, type), propertiesByName(after, type)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((name): Difference[] => {
    const [one, other] = [earlier.get(name), later.get(name)];
    if (one === other) return [];
    return [{ name, change: one === undefined ? 'is new' : other === undefined ? 'is gone' : 'has changed' }];
  });
}

function propertiesByName(stack: ResolvedStack, type: string): ReadonlyMap<string, string> {
  return new Map(
    stack.ofType(type).map(({ logicalId, properties }: ResolvedResource) => [logicalId, JSON.stringify(properties)]),
  );
}
