import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { NextjsIngress } from './nextjs-ingress';

/** How tasks reach what is outside of their VPC. Prices are those of us-east-1, for two tasks in two zones and a month. */
export enum NextjsEgress {
  /** From public subnets, each task by an IPv4 address of its own; no inbound rule admits anybody to it. About $7. */
  PUBLIC_ADDRESS = 'PUBLIC_ADDRESS',
  /** From private subnets through a NAT gateway. About $33 a gateway, and $0.045 for each GB. */
  NAT = 'NAT',
  /**
   * Not at all: from isolated subnets by interface endpoints to ECR and CloudWatch Logs (and to where `secrets` lie), which leave the app
   * without the internet. About $44, $29 more with secrets.
   */
  ENDPOINTS = 'ENDPOINTS',
}

/** What may be chosen about the tasks and their load balancer. */
export interface NextjsServiceOptions {
  /**
   * The VPC for tasks and load balancer. It needs an internet gateway, private or isolated subnets in two zones for the load balancer,
   * and should have gateway endpoints for S3 and DynamoDB.
   *
   * A few availability zones have no CloudFront VPC origins; give a VPC of others where the stack's first two are among them.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
   * @default - the VPC of `cluster`; else a new one of two zones with gateway endpoints and what `egress` needs
   */
  readonly vpc?: ec2.IVpc;
  /**
   * How tasks reach what is outside of the VPC. A given VPC has to have what this needs.
   *
   * @default - in a given VPC with private subnets NextjsEgress.NAT, else NextjsEgress.PUBLIC_ADDRESS
   */
  readonly egress?: NextjsEgress;
  /**
   * How requests get from CloudFront to the tasks.
   *
   * @default NextjsIngress.vpcOrigin()
   */
  readonly ingress?: NextjsIngress;
  /**
   * A bucket for the load balancer's access logs, with S3-managed encryption (the only kind that load balancers write to). Its policy gets
   * the permission where it is of this app.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
   * @default - no access logs: CloudFront has seen every request already
   */
  readonly loadBalancerLogBucket?: s3.IBucket;
  /**
   * The cluster to run in.
   *
   * @default - a new one
   */
  readonly cluster?: ecs.ICluster;
  /**
   * The name that begins every key of this site in the cache: 1 to 128 letters, digits, `.`, `_` and `-`. Another name begins with an empty cache.
   *
   * @default - made of the construct's path
   */
  readonly siteName?: string;
  /**
   * CPU architecture of the tasks, `ARM64` or `X86_64`; ARM64 costs a fifth less. The app's native modules (sharp, database drivers) must be
   * for the same: `npx cdk-nextjs-ecs build DIR --arch arm64` packs those, on any machine.
   *
   * @default - what the app's native modules are for; ecs.CpuArchitecture.ARM64 where it has none
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  /**
   * CPU units of a task; 1024 are one vCPU. One of 256, 512, 1024, 2048, 4096, 8192, 16384.
   *
   * A server renders on one core: more tasks serve more than larger ones.
   *
   * @default 1024
   */
  readonly cpu?: number;
  /**
   * Memory of a task in MiB, 512 to 122880; the sizes that Fargate offers depend on `cpu`.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
   * @default 2048
   */
  readonly memoryLimitMiB?: number;
  /**
   * The least number of tasks, 1 or more.
   *
   * @default 2 - one in each of two zones
   */
  readonly minCapacity?: number;
  /**
   * The greatest number of tasks, from `minCapacity` to 5000. Where it is above `minCapacity`, tasks are added and removed as load asks for it.
   *
   * @default - the same as `minCapacity`
   */
  readonly maxCapacity?: number;
  /**
   * Use of CPU that scaling aims at, in percent of what the tasks have; 10 to 90.
   *
   * @default 60
   */
  readonly targetCpuUtilization?: number;
  /**
   * Requests a task and minute that scaling aims at, besides the use of CPU; 1 to 1,000,000.
   *
   * @default - only the use of CPU counts
   */
  readonly targetRequestsPerMinute?: number;
  /**
   * Share of the tasks above the first two that run on Fargate Spot, in percent; 0 to 100. AWS may stop those at two minutes' notice, and
   * they cost about a third. A given cluster needs the Fargate capacity providers.
   *
   * @default 0
   */
  readonly spotPercentage?: number;
  /**
   * Whether `aws ecs execute-command` may open a shell in a task. Its agent writes to the root file system, which is writable then.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
   * @default false
   */
  readonly enableExecuteCommand?: boolean;
  /**
   * Whether the server can write to nothing but Next.js' cache and `/tmp`, which are volumes that end with their task. Not together with
   * `enableExecuteCommand`.
   *
   * @default - true, unless `enableExecuteCommand`
   */
  readonly readonlyRootFilesystem?: boolean;
  /**
   * Alarms that undo a deployment when one of them goes off while it is under way. None of them may refer to the service itself, which
   * would refer back to it: measure the load balancer, its target group or the distribution.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
   * @default - only tasks that never become healthy undo a deployment
   */
  readonly deploymentAlarms?: cloudwatch.IAlarm[];
  /**
   * Container Insights of a new cluster.
   *
   * @default ecs.ContainerInsights.ENABLED
   */
  readonly containerInsights?: ecs.ContainerInsights;
  /**
   * Environment variables of the server, besides its own. `NEXT_PUBLIC_*` are refused: Next.js writes their values into the build.
   *
   * @default - none
   */
  readonly environment?: Record<string, string>;
  /**
   * Environment variables of the server whose values come from Secrets Manager or Parameter Store when a task starts.
   *
   * @default - none
   */
  readonly secrets?: Record<string, ecs.Secret>;
  /**
   * Whether pages that the app's proxy (middleware) runs for may be kept in shared caches, which then answer without asking it. Only
   * for apps whose proxy guards nothing.
   *
   * @see https://nextjs.org/docs/app/api-reference/file-conventions/proxy
   * @default false
   */
  readonly cacheProxiedRoutes?: boolean;
  /**
   * How long a request may take until its first byte, and between any two pieces of its answer; 1 to 120 seconds.
   *
   * The timeouts of CloudFront, load balancer and server are derived from it, each longer than the one before, so that none closes a
   * connection that another is about to use.
   *
   * @default Duration.seconds(60)
   */
  readonly requestTimeout?: Duration;
  /**
   * How long a task that is asked to stop has for its last requests, `after` callbacks and cache writes; 2 to 120 seconds.
   *
   * @default - 30 seconds more than `requestTimeout`, at most 120 seconds
   */
  readonly stopTimeout?: Duration;
  /**
   * How long the server's output is kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * Id of the managed prefix list `com.amazonaws.global.cloudfront.origin-facing` in the stack's region: the addresses that may reach the
   * load balancer. It weighs 55 of the 60 rules of a security group.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
   * @default - looked up in a table of 17 regions; an error in others
   */
  readonly cloudFrontPrefixListId?: string;
}
