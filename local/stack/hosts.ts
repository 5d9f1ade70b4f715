import type { ResolvedResource, ResolvedStack } from '../assembly';
import type { Hosts } from '../edge';
import type { Target } from '../fleet';
import { record, text } from '../properties';
import type { Balancers } from './balancers';

/**
 * Where the servers of the stack's own domain names listen: buckets in the embedded S3, load balancers on their listeners' ports, also by
 * the names that alias records give them.
 */
export class StackHosts implements Hosts {
  private readonly buckets: ReadonlySet<string>;
  private readonly aliases: ReadonlyMap<string, string>;
  private readonly s3: { readonly host: string; readonly port: number };

  constructor(
    stack: ResolvedStack,
    s3Endpoint: string,
    private readonly balancers: Balancers,
    /** The way to a load balancer, which leads elsewhere while something is wrong with it. */
    private readonly detour: (address: Target) => Target = (address) => address,
  ) {
    this.buckets = new Set(
      stack
        .ofType('AWS::S3::Bucket')
        .flatMap(({ logicalId }) => [
          stack.attribute(logicalId, 'RegionalDomainName'),
          stack.attribute(logicalId, 'DomainName'),
        ]),
    );
    this.aliases = new Map(stack.ofType('AWS::Route53::RecordSet').flatMap(readAlias));
    const { hostname, port } = new URL(s3Endpoint);
    this.s3 = { host: hostname, port: Number(port) };
  }

  resolve(domainName: string, port: number): { readonly host: string; readonly port: number } | undefined {
    if (this.buckets.has(domainName)) return this.s3;
    const balancer = this.balancers.resolve(this.aliases.get(domainName) ?? domainName, port);
    return balancer && this.detour(balancer);
  }
}

/** Route 53 ends names with a dot, and asks load balancers for both kinds of addresses by a prefix. */
function readAlias({ properties }: ResolvedResource): [name: string, target: string][] {
  const target = text(record(properties.AliasTarget).DNSName);
  const name = text(properties.Name);
  if (name === undefined || target === undefined) return [];
  return [[name.replace(/\.$/, ''), target.replace(/^dualstack\.|\.$/g, '')]];
}
