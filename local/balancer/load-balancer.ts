import { attributesOf, booleanOf, numberOf, stringOf, type BalancerResource } from './resource';

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes */
export interface LoadBalancerSettings {
  readonly arn: string;
  /** Seconds a connection may be silent, on either side. */
  readonly idleTimeout: number;
  readonly dropInvalidHeaderFields: boolean;
  readonly preserveHostHeader: boolean;
  readonly forwardedFor: 'append' | 'preserve' | 'remove';
  /** Whether the client's port goes into `X-Forwarded-For`. */
  readonly forwardedForPort: boolean;
  readonly unsupported: readonly string[];
}

const UNSUPPORTED_ATTRIBUTES: Readonly<Record<string, string>> = {
  'access_logs.s3.enabled': 'access logs are not written',
  'connection_logs.s3.enabled': 'connection logs are not written',
  'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'no TLS headers are added: local connections are plain',
};

export function readLoadBalancer({ physicalId, properties }: BalancerResource): LoadBalancerSettings {
  const attributes = attributesOf(properties.LoadBalancerAttributes);
  const type = stringOf(properties.Type) ?? 'application';
  if (type !== 'application')
    throw new Error(`cdk-nextjs-ecs/local balancer: only application load balancers run locally; received "${type}"`);
  const mode = attributes.get('routing.http.xff_header_processing.mode');
  return {
    arn: physicalId,
    idleTimeout: numberOf(attributes.get('idle_timeout.timeout_seconds'), 60),
    dropInvalidHeaderFields: booleanOf(attributes.get('routing.http.drop_invalid_header_fields.enabled')),
    preserveHostHeader: booleanOf(attributes.get('routing.http.preserve_host_header.enabled')),
    forwardedFor: mode === 'preserve' || mode === 'remove' ? mode : 'append',
    forwardedForPort: booleanOf(attributes.get('routing.http.xff_client_port.enabled')),
    unsupported: Object.entries(UNSUPPORTED_ATTRIBUTES)
      .filter(([key]) => booleanOf(attributes.get(key)))
      .map(([, text]) => text),
  };
}
