import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Construct } from 'constructs';
import type { NextjsOrigin } from '../nextjs-origin';
import { accountWideName } from './names';
import { internetConnectivity } from './network';
import type { Timeouts } from './timeouts';

/** The tasks as a distribution's origin. */
export interface ServerOrigin {
  readonly origin: cloudfront.IOrigin;
  /** CloudFront's way into the VPC, where the load balancer has no public name. */
  readonly vpcOrigin?: cloudfront.VpcOrigin;
}

export function createServerOrigin(scope: Construct, server: NextjsOrigin, timeouts: Timeouts): ServerOrigin {
  const options = {
    readTimeout: timeouts.originRead,
    keepaliveTimeout: timeouts.originKeepAlive,
    connectionTimeout: Duration.seconds(5),
    connectionAttempts: 2,
    customHeaders: server.customHeaders,
  };
  if (server.domainName !== undefined) {
    return { origin: new origins.HttpOrigin(server.domainName, { ...options, ...endpoint(server) }) };
  }
  const vpcOrigin = createVpcOrigin(scope, server);
  return { origin: origins.VpcOrigin.withVpcOrigin(vpcOrigin, options), vpcOrigin };
}

function createVpcOrigin(scope: Construct, server: NextjsOrigin): cloudfront.VpcOrigin {
  const vpcOrigin = new cloudfront.VpcOrigin(scope, 'VpcOrigin', {
    endpoint: cloudfront.VpcOriginEndpoint.applicationLoadBalancer(server.loadBalancer),
    vpcOriginName: accountWideName(scope, 64),
    ...endpoint(server),
  });
  // CloudFront refuses a VPC whose internet gateway is not attached yet.
  if (server.loadBalancer.vpc) vpcOrigin.node.addDependency(...internetConnectivity(server.loadBalancer.vpc));
  return vpcOrigin;
}

/** Plain HTTP by default: inside AWS' network and the VPC the balancer needs no certificate. */
function endpoint({ port, protocolPolicy = cloudfront.OriginProtocolPolicy.HTTP_ONLY }: NextjsOrigin) {
  return protocolPolicy === cloudfront.OriginProtocolPolicy.HTTPS_ONLY
    ? { protocolPolicy, httpsPort: port }
    : { protocolPolicy, httpPort: port };
}
