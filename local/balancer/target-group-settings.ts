import {
  attributesOf,
  booleanOf,
  numberOf,
  stringOf,
  propertiesOf,
  type BalancerResource,
  type Properties,
} from './resource';

export interface TargetGroupSettings {
  readonly arn: string;
  readonly name: string;
  readonly algorithm: 'round_robin' | 'least_outstanding_requests' | 'weighted_random';
  /** Seconds. */
  readonly deregistrationDelay: number;
  readonly stickiness?: Stickiness;
  readonly healthCheck: HealthCheckSettings;
  readonly unsupported: readonly string[];
}

export interface Stickiness {
  readonly type: 'lb_cookie' | 'app_cookie';
  /** Seconds. */
  readonly duration: number;
  /** The application's cookie, for `app_cookie`. */
  readonly cookieName?: string;
}

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
export interface HealthCheckSettings {
  readonly path: string;
  /** A fixed port; undefined is the target's own. */
  readonly port?: number;
  /** Seconds between two checks of a target. */
  readonly interval: number;
  readonly timeout: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  isSuccess(status: number): boolean;
}

export function readTargetGroup({ logicalId, physicalId, properties }: BalancerResource): TargetGroupSettings {
  const attributes = attributesOf(properties.TargetGroupAttributes);
  const algorithm = attributes.get('load_balancing.algorithm.type');
  const stickiness = readStickiness(attributes);
  return {
    arn: physicalId,
    name: stringOf(properties.Name) ?? logicalId,
    algorithm:
      algorithm === 'least_outstanding_requests' || algorithm === 'weighted_random' ? algorithm : 'round_robin',
    deregistrationDelay: numberOf(attributes.get('deregistration_delay.timeout_seconds'), 300),
    ...(stickiness === undefined ? {} : { stickiness }),
    healthCheck: readHealthCheck(properties),
    unsupported: [...unsupportedAttributes(attributes), ...unsupportedProtocols(properties)],
  };
}

function readStickiness(attributes: ReadonlyMap<string, string>): Stickiness | undefined {
  if (!booleanOf(attributes.get('stickiness.enabled'))) return undefined;
  const type = attributes.get('stickiness.type') === 'app_cookie' ? 'app_cookie' : 'lb_cookie';
  const cookieName = attributes.get('stickiness.app_cookie.cookie_name');
  return {
    type,
    duration: numberOf(attributes.get(`stickiness.${type}.duration_seconds`), 86_400),
    ...(cookieName === undefined ? {} : { cookieName }),
  };
}

function readHealthCheck(properties: Properties): HealthCheckSettings {
  const port = stringOf(properties.HealthCheckPort);
  return {
    path: stringOf(properties.HealthCheckPath) ?? '/',
    ...(port === undefined || port === 'traffic-port' ? {} : { port: Number(port) }),
    interval: numberOf(properties.HealthCheckIntervalSeconds, 30),
    timeout: numberOf(properties.HealthCheckTimeoutSeconds, 5),
    healthyThreshold: numberOf(properties.HealthyThresholdCount, 5),
    unhealthyThreshold: numberOf(properties.UnhealthyThresholdCount, 2),
    isSuccess: statusMatcher(stringOf(propertiesOf(properties.Matcher).HttpCode) ?? '200'),
  };
}

/** `200`, `200,202` or `200-299`. */
function statusMatcher(codes: string): (status: number) => boolean {
  const ranges = codes.split(',').map((part) => {
    const [first = '', last = first] = part.split('-').map((text) => text.trim());
    return [Number(first), Number(last)] as const;
  });
  return (status) => ranges.some(([first, last]) => status >= first && status <= last);
}

function unsupportedAttributes(attributes: ReadonlyMap<string, string>): string[] {
  const unsupported: string[] = [];
  if (numberOf(attributes.get('slow_start.duration_seconds'), 0) > 0)
    unsupported.push('slow start: a healthy target gets its full share at once');
  if (attributes.get('load_balancing.algorithm.anomaly_mitigation') === 'on')
    unsupported.push('anomaly mitigation: weighted random chooses evenly');
  const minimums = [...attributes.keys()].filter((key) =>
    /^target_group_health\..*\.minimum_healthy_targets/.test(key),
  );
  if (minimums.some((key) => !['1', 'off'].includes(attributes.get(key) ?? '1'))) {
    unsupported.push('target group health: routing fails open only when no target is healthy');
  }
  return unsupported;
}

function unsupportedProtocols(properties: Properties): string[] {
  const version = stringOf(properties.ProtocolVersion) ?? 'HTTP1';
  const unsupported = version === 'HTTP1' ? [] : [`protocol version ${version}: targets are asked in HTTP/1.1`];
  if (stringOf(properties.Protocol) === 'HTTPS') unsupported.push('protocol HTTPS: targets are asked in plain HTTP');
  if (stringOf(properties.TargetType) === 'lambda') unsupported.push('Lambda targets do not run');
  return unsupported;
}
