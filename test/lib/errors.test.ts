import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import type { BundleFacts } from '../../contract';
import {
  NextjsBuild,
  NextjsCache,
  NextjsEgress,
  NextjsIngress,
  NextjsPolicies,
  NextjsSite,
  type NextjsSiteProps,
} from '../../lib';
import { appWithBundle, write } from './bundle';

type Attempt = (stack: Stack) => unknown;

const site = (props: Partial<NextjsSiteProps>, facts: Partial<BundleFacts> = {}): Attempt => {
  return (stack) =>
    new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle(facts)), ...props });
};

const listener = (
  changes: { idleTimeout?: Duration; conditions?: elbv2.ListenerCondition[] },
  loadBalancerOf: (stack: Stack) => elbv2.IApplicationLoadBalancer = balancer,
): Attempt => {
  return (stack) => {
    const loadBalancer = loadBalancerOf(stack);
    const imported = elbv2.ApplicationListener.fromApplicationListenerAttributes(stack, 'Listener', {
      listenerArn: 'arn:aws:elasticloadbalancing:us-west-2:111122223333:listener/app/shared/1/2',
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1'),
    });
    const ingress = NextjsIngress.fromListener(imported, {
      loadBalancer,
      idleTimeout: Duration.seconds(120),
      conditions: [elbv2.ListenerCondition.pathPatterns(['/*'])],
      priority: 1,
      ...changes,
    });
    site({ ingress })(stack);
  };
};

function balancer(stack: Stack) {
  return new elbv2.ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc: new ec2.Vpc(stack, 'Vpc') });
}

/** Attributes name no VPC. */
function importedBalancer(stack: Stack) {
  return elbv2.ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, 'LoadBalancer', {
    loadBalancerArn: 'arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/shared/1',
    securityGroupId: 'sg-1',
  });
}

const internetFacing: Attempt = (stack) => {
  const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';
  const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', arn);
  site({ ingress: NextjsIngress.internetFacing({ domainName: 'origin.example.com', certificate }) })(stack);
};

const twoSites: Attempt = (stack) => {
  const cache = new NextjsCache(stack, 'Cache');
  for (const id of ['One', 'Two']) {
    new NextjsSite(stack, id, { nextBuild: NextjsBuild.fromDirectory(appWithBundle()), cache, siteName: 'shop' });
  }
};

const zone: Attempt = (stack) => {
  const hostedZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
    hostedZoneId: 'Z1',
    zoneName: 'example.com',
  });
  site({ hostedZone, domainNames: ['www.example.com'] })(stack);
};

function secretNamed(name: string): Attempt {
  return (stack) => {
    const secret = ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret'));
    site({ secrets: { [name]: secret } })(stack);
  };
}

const outdated: Attempt = () => {
  const app = appWithBundle();
  write(join(app, '.next', 'BUILD_ID'), 'newer');
  NextjsBuild.fromDirectory(app);
};

const action = { actionKeyFingerprint: '00' };

/** What is wrong, where the message says it is, the value that was received, what is allowed, and what to do. */
const FAULTS: [fault: string, part: string, attempt: Attempt, value: RegExp, allowed: RegExp, remedy: RegExp][] = [
  [
    'a variable that Next.js writes into the build',
    'NextjsService.environment',
    site({ environment: { NEXT_PUBLIC_API: 'x' } }),
    /NEXT_PUBLIC_API/,
    /when the app was built/,
    /Set it where .* runs, or read a variable of another name/,
  ],
  [
    'such a variable as a secret',
    'NextjsService.secrets',
    secretNamed('NEXT_PUBLIC_KEY'),
    /NEXT_PUBLIC_KEY/,
    /when the app was built/,
    /Set it where/,
  ],
  [
    'a variable of the construct itself',
    'NextjsService.environment',
    site({ environment: { NEXTJS_CACHE_SITE: 'x' } }),
    /NEXTJS_CACHE_SITE/,
    /reserved are NODE_ENV/,
    /Leave it out/,
  ],
  [
    "a Server Actions key that is not the build's",
    'NextjsService.environment',
    site({ environment: { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: 'b3RoZXI=' } }, action),
    /NEXT_SERVER_ACTIONS_ENCRYPTION_KEY/,
    /not the key that the app was built with/,
    /give it to `next build`/,
  ],
  [
    'a Server Actions key that nobody can compare',
    'NextjsService.secrets',
    secretNamed('NEXT_SERVER_ACTIONS_ENCRYPTION_KEY'),
    /NEXT_SERVER_ACTIONS_ENCRYPTION_KEY/,
    /is the build's/,
    /Give the key to `next build`/,
  ],
  [
    'a certificate that would be made outside us-east-1',
    'NextjsDistribution.certificate',
    zone,
    /us-west-2/,
    /us-east-1 only/,
    /crossRegionReferences/,
  ],
  [
    "a load balancer's certificate of another region",
    'NextjsIngress.certificate',
    internetFacing,
    /received arn:aws:acm:us-east-1/,
    /own region, us-west-2/,
    /Give a certificate of ACM in us-west-2/,
  ],
  [
    'more time to stop than Fargate gives',
    'NextjsService.stopTimeout',
    site({ stopTimeout: Duration.seconds(121) }),
    /received 121/,
    /between 2 and 120 seconds/,
    /Choose a duration in that range/,
  ],
  [
    'more time to answer than CloudFront gives',
    'NextjsService.requestTimeout',
    site({ requestTimeout: Duration.minutes(3) }),
    /received 180/,
    /between 1 and 120 seconds/,
    /Choose a duration in that range/,
  ],
  [
    'a load balancer that lets go of connections before CloudFront does',
    'NextjsIngress.idleTimeout',
    listener({ idleTimeout: Duration.seconds(60) }),
    /received 60/,
    /above 60 seconds/,
    /Raise the idle timeout/,
  ],
  [
    'a rule that tells no requests apart',
    'NextjsIngress.conditions',
    listener({ conditions: [] }),
    /received 0/,
    /1 to 5 conditions/,
    /hostHeaders/,
  ],
  [
    'a load balancer of who knows which network',
    'NextjsService.vpc',
    listener({}, importedBalancer),
    /Stack\/LoadBalancer/,
    /have to be in one VPC/,
    /Give `vpc` here/,
  ],
  [
    'two sites of one name',
    'NextjsService.siteName',
    twoSites,
    /"shop"/,
    /already the name of the site Stack\/One/,
    /a name of its own/,
  ],
  [
    'a name that cannot begin keys',
    'NextjsService.siteName',
    site({ siteName: 'a b' }),
    /received "a b"/,
    /1 to 128 letters/,
    /Choose such a name/,
  ],
  [
    'a version of Next.js that anybody can take over',
    'NextjsBuild.nextVersion',
    site({}, { nextVersion: '16.0.6' }),
    /GHSA-9qr9-h5gf-34mp.*received 16\.0\.6/,
    /allowed from 16\.0\.7/,
    /npm install next@16\.0\.7/,
  ],
  [
    'a size of CPU that Fargate does not have',
    'NextjsService.cpu',
    site({ cpu: 3000 }),
    /received 3000/,
    /one of 256, 512, 1024/,
    /next size/,
  ],
  [
    'memory that Fargate does not have for it',
    'NextjsService.memoryLimitMiB',
    site({ cpu: 512, memoryLimitMiB: 512 }),
    /received 512/,
    /run with 1024, 2048/,
    /Choose one of these/,
  ],
  [
    'a bundle older than its build',
    'NextjsBuild.fromDirectory',
    outdated,
    /BUILD_ID is newer \(\d{4}-/,
    /of the build that ended 2026-01-02/,
    /npx cdk-nextjs-ecs build .* --skip-build/,
  ],
  [
    'more header keys than CloudFront takes',
    'NextjsPolicies.keyHeaders',
    (stack) =>
      new NextjsPolicies(stack, 'Policies', { keyHeaders: Array.from({ length: 10 }, (_, i) => `X-${String(i)}`) }),
    /received 11 with Next's own: RSC/,
    /may have 10 headers/,
    /Leave some out/,
  ],
  [
    'images that nothing can optimize',
    'NextjsBuild.imagePath',
    site({}, { images: { path: '/_next/image', sharp: false } }),
    /\/_next\/image/,
    /sharp is not among its modules/,
    /npm install sharp/,
  ],
  [
    'an architecture that native modules are not for',
    'NextjsService.cpuArchitecture',
    site({ cpuArchitecture: ecs.CpuArchitecture.ARM64 }, { nativePlatform: { os: 'linux', arch: 'x64' } }),
    /linux\/arm64/,
    /native modules are for linux\/x64/,
    /leave `cpuArchitecture` out/,
  ],
  [
    'a way out that the VPC does not have',
    'NextjsService.egress',
    (stack) => {
      const cluster = new ecs.Cluster(stack, 'Cluster');
      site({ cluster, egress: NextjsEgress.ENDPOINTS })(stack);
    },
    /ENDPOINTS/,
    /needs Isolated subnets/,
    /Choose another egress or VPC/,
  ],
  [
    'a shell in a task that cannot write',
    'NextjsService.readonlyRootFilesystem',
    site({ enableExecuteCommand: true, readonlyRootFilesystem: true }),
    /received true/,
    /not be true together with enableExecuteCommand/,
    /Leave one of the two out/,
  ],
  [
    'more partitions than the runtime takes',
    'NextjsCache.tagShards',
    (stack) => new NextjsCache(stack, 'Cache', { tagShards: 65 }),
    /received 65/,
    /from 1 to 64/,
    /One is enough/,
  ],
];

describe('a mistake is found at synth, and its message says where it is, what was received, what is allowed and what to do', () => {
  it.each(FAULTS)('%s', (_, part, attempt, value, allowed, remedy) => {
    const message = messageOf(attempt);
    expect(message).toMatch(
      new RegExp(`^cdk-nextjs-ecs ${part.replace('.', '\\.')}( \\(Stack/[\\w/]+\\))?: .+\\. .+\\.$`),
    );
    expect(message).toMatch(value);
    expect(message).toMatch(allowed);
    expect(message).toMatch(remedy);
  });
});

/** Nothing has to be synthesized: constructors refuse what they are given. */
function messageOf(attempt: Attempt): string {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'us-west-2' } });
  try {
    attempt(stack);
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigurationError') return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}
