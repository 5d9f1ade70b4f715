import { PRICES } from './prices';
import type { Resource, Template } from './template';

/** Deploying, checking, deploying again and destroying takes about so many hours, most of which CloudFront takes. */
export const RUN_HOURS = 1;
export const MONTH_HOURS = 730;
/** For as long, a deployment runs twice the tasks. */
const DEPLOYMENT_HOURS = 0.25;
/** What the checks ask of the site, mostly while it is deployed: about 200 requests a second for ten minutes. */
const CHECK_REQUESTS = 120_000;
/** Files of the build that the upload puts into the bucket, twice, and entries of the cache; rounded up. */
const CHECK_PUTS = 1_000;
const CHECK_LOG_GIGABYTES = 0.02;

export interface CostItem {
  readonly what: string;
  /** Dollars of a verification. */
  readonly run: number;
  /** Dollars of a month without traffic, where the stack is kept. */
  readonly month: number;
}

export interface Cost {
  readonly items: readonly CostItem[];
  readonly run: number;
  readonly month: number;
  /** Types of resources that nothing is known of here. */
  readonly unknown: readonly string[];
}

/** What the template's resources cost. */
export function costOf(template: Template): Cost {
  const resources = Object.values(template.Resources);
  const items = resources.flatMap((resource) => RULES[resource.Type]?.(resource, template) ?? []);
  items.push(itemOfUse());
  return {
    items,
    run: items.reduce((sum, { run }) => sum + run, 0),
    month: items.reduce((sum, { month }) => sum + month, 0),
    unknown: [...new Set(resources.map(({ Type: type }) => type))].filter((type) => !isKnown(type)).sort(),
  };
}

type Rule = (resource: Resource, template: Template) => readonly CostItem[];

const RULES: Readonly<Record<string, Rule>> = {
  'AWS::ECS::Service': serviceItems,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': () => [
    hourly('1 load balancer', PRICES.loadBalancerHour),
    { what: 'its capacity units: one during the checks', run: PRICES.loadBalancerUnitHour * RUN_HOURS, month: 0 },
  ],
  'AWS::EC2::NatGateway': () => [hourly('1 NAT gateway', PRICES.natGatewayHour)],
  'AWS::EC2::VPCEndpoint': ({ Properties: { VpcEndpointType: type, SubnetIds: subnets } = {} }) => {
    if (type !== 'Interface') return [];
    const zones = Array.isArray(subnets) ? subnets.length : 1;
    return [hourly(`1 interface endpoint in ${zones} zones`, zones * PRICES.interfaceEndpointZoneHour)];
  },
};

/** Billed by the request, the byte or the second, of which a verification has few; and what AWS bills nothing for. */
const FREE_OR_BY_USE: readonly RegExp[] = [
  /^AWS::(IAM|EC2|CloudFront|Lambda|Events|Logs|S3|DynamoDB)::(?!NatGateway|Instance$)/,
  /^AWS::ECS::(Cluster|TaskDefinition)$/,
  /^AWS::ElasticLoadBalancingV2::(Listener|ListenerRule|TargetGroup)$/,
  /^AWS::CDK::Metadata$/,
  /^Custom::/,
];

function isKnown(type: string): boolean {
  return RULES[type] !== undefined || FREE_OR_BY_USE.some((pattern) => pattern.test(type));
}

function serviceItems({ Properties: properties = {} }: Resource, template: Template): readonly CostItem[] {
  const tasks = Number(properties.DesiredCount ?? 1);
  const { Ref: id } = properties.TaskDefinition as { readonly Ref: string };
  const task = template.Resources[id]?.Properties ?? {};
  const { CpuArchitecture: given } = (task.RuntimePlatform ?? {}) as { readonly CpuArchitecture?: string };
  const architecture = given === 'ARM64' ? 'ARM64' : 'X86_64';
  const [cpus, gibibytes] = [Number(task.Cpu) / 1024, Number(task.Memory) / 1024];
  const { cpuHour, gibibyteHour } = PRICES.fargate[architecture];
  const items = [
    perTask(
      `${tasks} tasks of ${cpus} vCPU, ${gibibytes} GB (${architecture})`,
      tasks,
      cpus * cpuHour + gibibytes * gibibyteHour,
    ),
  ];
  if (JSON.stringify(properties.NetworkConfiguration ?? {}).includes('"AssignPublicIp":"ENABLED"')) {
    items.push(perTask(`${tasks} public IPv4 addresses`, tasks, PRICES.publicAddressHour));
  }
  return [...items, perTask('the tag table: a read a second and task', tasks, 3600 * PRICES.tableReadUnit)];
}

function perTask(what: string, tasks: number, hour: number): CostItem {
  return { what, run: tasks * hour * (RUN_HOURS + DEPLOYMENT_HOURS), month: tasks * hour * MONTH_HOURS };
}

function hourly(what: string, hour: number): CostItem {
  return { what, run: hour * RUN_HOURS, month: hour * MONTH_HOURS };
}

function itemOfUse(): CostItem {
  const requests = CHECK_REQUESTS * PRICES.edgeRequest;
  const run = requests + CHECK_PUTS * PRICES.bucketPut + CHECK_LOG_GIGABYTES * PRICES.logGigabyte;
  return {
    what: `${CHECK_REQUESTS.toLocaleString('en-US')} requests, uploads and logs of the checks, at most`,
    run,
    month: 0,
  };
}
