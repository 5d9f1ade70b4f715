import type { ResolvedStack } from '../assembly';
import type { Hosts } from '../edge';
import type { Balancers } from './balancers';

/** Where the servers of the stack's own domain names listen: buckets in the embedded S3, load balancers on their listeners' ports. */
export class StackHosts implements Hosts {
  private readonly buckets: ReadonlySet<string>;
  private readonly s3: { readonly host: string; readonly port: number };

  constructor(
    stack: ResolvedStack,
    s3Endpoint: string,
    private readonly balancers: Balancers,
  ) {
    this.buckets = new Set(
      stack
        .ofType('AWS::S3::Bucket')
        .flatMap(({ logicalId }) => [
          stack.attribute(logicalId, 'RegionalDomainName'),
          stack.attribute(logicalId, 'DomainName'),
        ]),
    );
    const { hostname, port } = new URL(s3Endpoint);
    this.s3 = { host: hostname, port: Number(port) };
  }

  resolve(domainName: string, port: number): { readonly host: string; readonly port: number } | undefined {
    return this.buckets.has(domainName) ? this.s3 : this.balancers.resolve(domainName, port);
  }
}
