import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct, IDependable } from 'constructs';
import { NextjsEgress } from '../nextjs-service-options';
import { ConfigurationError } from './errors';

const TASK_SUBNETS: Readonly<Record<NextjsEgress, ec2.SubnetType>> = {
  [NextjsEgress.PUBLIC_ADDRESS]: ec2.SubnetType.PUBLIC,
  [NextjsEgress.NAT]: ec2.SubnetType.PRIVATE_WITH_EGRESS,
  [NextjsEgress.ENDPOINTS]: ec2.SubnetType.PRIVATE_ISOLATED,
};

/** A VPC of two zones; what the tasks say to S3 and DynamoDB goes through gateway endpoints, which cost nothing. */
export function createVpc(scope: Construct, id: string, egress: NextjsEgress, withSecrets: boolean): ec2.Vpc {
  const vpc = new ec2.Vpc(scope, id, {
    ipAddresses: ec2.IpAddresses.cidr(ec2.Vpc.DEFAULT_CIDR_RANGE),
    maxAzs: 2,
    natGateways: egress === NextjsEgress.NAT ? 1 : 0,
    // The group that no resource here uses would be emptied by a Lambda function: more to look after than it protects.
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [
      { name: 'Tasks', subnetType: TASK_SUBNETS[egress], cidrMask: 20 },
      { name: 'LoadBalancer', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      // CloudFront's VPC origins want an internet gateway in the VPC, which comes with public subnets.
      ...(egress === NextjsEgress.PUBLIC_ADDRESS
        ? []
        : [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 26 }]),
    ].map((subnets) =>
      subnets.subnetType === ec2.SubnetType.PUBLIC ? { ...subnets, mapPublicIpOnLaunch: false } : subnets,
    ),
    gatewayEndpoints: {
      S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
      DynamoDb: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
    },
  });
  logRefusals(vpc);
  if (egress === NextjsEgress.ENDPOINTS) addInterfaceEndpoints(vpc, withSecrets);
  return vpc;
}

/** Who tried to get in and was not let: cents a month, where a log of all traffic would cost by the gigabyte. */
function logRefusals(vpc: ec2.Vpc): void {
  const logGroup = new logs.LogGroup(vpc, 'RefusalLogs', {
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  vpc.addFlowLog('Refusals', {
    destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup),
    trafficType: ec2.FlowLogTrafficType.REJECT,
    maxAggregationInterval: ec2.FlowLogMaxAggregationInterval.TEN_MINUTES,
  });
}

/** What Fargate itself needs to start a task: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html */
function addInterfaceEndpoints(vpc: ec2.Vpc, withSecrets: boolean): void {
  const { ECR, ECR_DOCKER, CLOUDWATCH_LOGS, SECRETS_MANAGER, SSM } = ec2.InterfaceVpcEndpointAwsService;
  const services = { Ecr: ECR, EcrDocker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS };
  const secretServices = { SecretsManager: SECRETS_MANAGER, Ssm: SSM };
  const securityGroup = new ec2.SecurityGroup(vpc, 'EndpointSecurityGroup', {
    vpc,
    description: 'Endpoints: HTTPS from inside of the VPC',
    allowAllOutbound: false,
  });
  securityGroup.addIngressRule(ec2.Peer.ipv4(ec2.Vpc.DEFAULT_CIDR_RANGE), ec2.Port.tcp(443), 'HTTPS from the VPC');
  for (const [id, service] of Object.entries({ ...services, ...(withSecrets && secretServices) })) {
    vpc.addInterfaceEndpoint(id, {
      service,
      subnets: { subnetGroupName: 'Tasks' },
      securityGroups: [securityGroup],
      open: false,
    });
  }
}

/** Where the internal balancer goes: CloudFront's VPC origins want subnets that are private. */
export function loadBalancerSubnets(scope: Construct, part: string, vpc: ec2.IVpc): ec2.SubnetSelection {
  if (vpc.isolatedSubnets.length > 0) return { subnetType: ec2.SubnetType.PRIVATE_ISOLATED, onePerAz: true };
  if (vpc.privateSubnets.length > 0) return { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, onePerAz: true };
  throw new ConfigurationError({
    part,
    scope,
    problem: `the VPC ${vpc.node.path} has only public subnets, and the load balancer needs private or isolated ones in two zones`,
    remedy: 'Add isolated subnets to it (they are free), or leave `vpc` out to have one made',
  });
}

/** What a given VPC is made for: NAT gateways are dear enough to be there for a purpose. */
export function defaultEgress(vpc?: ec2.IVpc): NextjsEgress {
  return vpc && vpc.privateSubnets.length > 0 ? NextjsEgress.NAT : NextjsEgress.PUBLIC_ADDRESS;
}

/** Where the tasks go, and whether they need a public address, which is their only way out where there is no NAT gateway. */
export function taskPlacement(scope: Construct, vpc: ec2.IVpc, egress: NextjsEgress) {
  const subnets = {
    [NextjsEgress.PUBLIC_ADDRESS]: vpc.publicSubnets,
    [NextjsEgress.NAT]: vpc.privateSubnets,
    [NextjsEgress.ENDPOINTS]: vpc.isolatedSubnets,
  }[egress];
  if (subnets.length === 0) {
    throw new ConfigurationError({
      part: 'NextjsService.egress',
      scope,
      problem: `${egress} needs ${TASK_SUBNETS[egress]} subnets, and the VPC ${vpc.node.path} has none`,
      remedy: 'Choose another egress or VPC',
    });
  }
  const vpcSubnets: ec2.SubnetSelection = { subnetType: TASK_SUBNETS[egress], onePerAz: true };
  return { vpcSubnets, assignPublicIp: egress === NextjsEgress.PUBLIC_ADDRESS };
}

/**
 * What must exist before anything in the VPC can be reached or reach out: besides the internet gateway its attachment and the routes, which
 * the VPC's own group leaves to its subnets.
 */
export function internetConnectivity(vpc: ec2.IVpc): IDependable[] {
  return [vpc, ...vpc.publicSubnets, ...vpc.privateSubnets].map((part) => part.internetConnectivityEstablished);
}
