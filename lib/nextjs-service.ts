import { Duration, Names, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { Health } from '../contract';
import type { NextjsBuild } from './nextjs-build';
import type { NextjsCache } from './nextjs-cache';
import { NextjsIngress } from './nextjs-ingress';
import type { NextjsOrigin } from './nextjs-origin';
import type { NextjsEgress, NextjsServiceOptions } from './nextjs-service-options';
import { acknowledgeService } from './private/acknowledged-rules';
import { checkBuild } from './private/build-checks';
import { Capacity } from './private/capacity';
import { chooseCpuArchitecture } from './private/cpu-architecture';
import { ConfigurationError } from './private/errors';
import { requireFargateSize } from './private/fargate-size';
import { createVpc, defaultEgress, internetConnectivity, taskPlacement } from './private/network';
import { serverCommand, serverEnvironment, serverSecrets, serverWorkingDirectory } from './private/server-process';
import { Timeouts } from './private/timeouts';
import { mountWritablePaths } from './private/writable-paths';

/** Properties of {@link NextjsService}. */
export interface NextjsServiceProps extends NextjsServiceOptions {
  /** The app to run. */
  readonly nextBuild: NextjsBuild;
  /** The cache that the tasks share. */
  readonly cache: NextjsCache;
}

/**
 * Runs `next start` on Fargate behind an Application Load Balancer that only CloudFront can reach.
 *
 * New tasks are started and healthy before old ones leave; a deployment whose tasks never become healthy is rolled back.
 */
export class NextjsService extends Construct {
  /** The VPC of tasks and load balancer. */
  public readonly vpc: ec2.IVpc;
  /** The cluster that the service belongs to. */
  public readonly cluster: ecs.ICluster;
  /** What a task is; add sidecars or volumes here. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;
  /** The container that runs the server. */
  public readonly container: ecs.ContainerDefinition;
  /** The ECS service. */
  public readonly service: ecs.FargateService;
  /** What the server writes to its output. */
  public readonly logGroup: logs.LogGroup;
  /** The load balancer in front of the tasks. */
  public readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** The load balancer's listener that has the tasks behind it. */
  public readonly listener: elbv2.IApplicationListener;
  /** The tasks that take requests. */
  public readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** How CloudFront reaches the tasks. */
  public readonly origin: NextjsOrigin;
  /** The name that begins every key of this site in the cache. */
  public readonly siteName: string;

  /**
   * The variables that the user gave the tasks.
   *
   * @internal
   */
  public readonly _environment: Readonly<Record<string, string>>;

  private readonly timeouts: Timeouts;
  private readonly capacity: Capacity;
  private readonly cpuArchitecture: ecs.CpuArchitecture;

  constructor(scope: Construct, id: string, props: NextjsServiceProps) {
    super(scope, id);
    const ingress = props.ingress ?? NextjsIngress.vpcOrigin();
    checkBuild(this, props.nextBuild);
    this.timeouts = new Timeouts(this, 'NextjsService', { ...props, loadBalancerIdle: ingress._existing?.idleTimeout });
    this.capacity = new Capacity(this, props);
    this.cpuArchitecture = chooseCpuArchitecture(this, props.nextBuild._facts, props.cpuArchitecture);
    this.siteName = props.siteName ?? Names.uniqueResourceName(this, { maxLength: 64 });
    props.cache._claimSiteName(this, this.siteName);
    props.cache._describeRevalidation(this, this.siteName);
    this._environment = props.environment ?? {};

    const givenVpc = this.findVpc(props, ingress);
    const egress = props.egress ?? defaultEgress(givenVpc);
    this.vpc = givenVpc ?? createVpc(this, 'Vpc', egress, props.secrets !== undefined);
    this.cluster = props.cluster ?? this.createCluster(props);
    this.logGroup = this.createLogGroup(props);
    this.taskDefinition = this.createTaskDefinition(props);
    this.container = this.createContainer(props);
    props.cache.grantReadWrite(this.taskDefinition.taskRole, this.siteName);

    const entrance = ingress._bind(this, {
      vpc: this.vpc,
      timeouts: this.timeouts,
      prefixListId: props.cloudFrontPrefixListId,
      logBucket: props.loadBalancerLogBucket,
    });
    this.loadBalancer = entrance.loadBalancer;
    this.listener = entrance.listener;
    this.origin = entrance.origin;
    this.service = this.createService(props, egress);
    this.targetGroup = this.createTargetGroup();
    entrance.forwardTo(this.targetGroup);
    this.capacity.addScaling(this.service, this.targetGroup);
    acknowledgeService(this, props.loadBalancerLogBucket !== undefined);
  }

  private findVpc({ vpc, cluster }: NextjsServiceProps, { _existing: existing }: NextjsIngress): ec2.IVpc | undefined {
    const found = vpc ?? cluster?.vpc ?? existing?.loadBalancer.vpc;
    if (found || !existing) return found;
    throw new ConfigurationError({
      part: 'NextjsService.vpc',
      scope: this,
      problem: `tasks and load balancer have to be in one VPC, and the imported load balancer ${existing.loadBalancer.node.path} does not tell its own`,
      remedy: 'Give `vpc` here, or where the load balancer is imported',
    });
  }

  private createCluster(props: NextjsServiceProps): ecs.Cluster {
    return new ecs.Cluster(this, 'Cluster', {
      vpc: this.vpc,
      containerInsightsV2: props.containerInsights ?? ecs.ContainerInsights.ENABLED,
      enableFargateCapacityProviders: this.capacity.usesSpot,
    });
  }

  private createLogGroup(props: NextjsServiceProps): logs.LogGroup {
    return new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private createTaskDefinition(props: NextjsServiceProps): ecs.FargateTaskDefinition {
    const cpu = props.cpu ?? 1024;
    const memoryLimitMiB = props.memoryLimitMiB ?? 2048;
    requireFargateSize(this, cpu, memoryLimitMiB);
    return new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu,
      memoryLimitMiB,
      runtimePlatform: {
        cpuArchitecture: this.cpuArchitecture,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
  }

  private createContainer(props: NextjsServiceProps): ecs.ContainerDefinition {
    const { _facts: facts, _root: root } = props.nextBuild;
    const workingDirectory = serverWorkingDirectory(root, facts);
    const container = this.taskDefinition.addContainer('Server', {
      image: props.nextBuild._containerImage(this, this.cpuArchitecture),
      command: serverCommand(facts, Health.PORT),
      workingDirectory,
      readonlyRootFilesystem: this.isRootReadonly(props),
      environment: serverEnvironment(this, {
        bucketName: props.cache.bucket.bucketName,
        tableName: props.cache.table.tableName,
        siteName: this.siteName,
        tagShards: props.cache.tagShards,
        port: Health.PORT,
        timeouts: this.timeouts,
        cacheProxiedRoutes: props.cacheProxiedRoutes ?? false,
        given: props.environment ?? {},
        facts,
      }),
      secrets: serverSecrets(this, props.secrets ?? {}),
      portMappings: [{ containerPort: Health.PORT }],
      stopTimeout: this.timeouts.stop,
      logging: ecs.LogDrivers.awsLogs({
        logGroup: this.logGroup,
        streamPrefix: 'server',
        // A slow CloudWatch must not hold up requests: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      }),
    });
    mountWritablePaths(this.taskDefinition, container, workingDirectory, facts);
    return container;
  }

  private isRootReadonly({ readonlyRootFilesystem, enableExecuteCommand = false }: NextjsServiceProps): boolean {
    if (readonlyRootFilesystem !== true || !enableExecuteCommand)
      return readonlyRootFilesystem ?? !enableExecuteCommand;
    throw new ConfigurationError({
      part: 'NextjsService.readonlyRootFilesystem',
      scope: this,
      problem:
        'must not be true together with enableExecuteCommand, whose agent writes to the root file system; received true',
      remedy: 'Leave one of the two out',
    });
  }

  private createService(props: NextjsServiceProps, egress: NextjsEgress): ecs.FargateService {
    const service = new ecs.FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      desiredCount: this.capacity.desiredCount,
      capacityProviderStrategies: this.capacity.capacityProviderStrategies,
      enableExecuteCommand: props.enableExecuteCommand ?? false,
      ...taskPlacement(this, this.vpc, egress),
      securityGroups: [
        new ec2.SecurityGroup(this, 'SecurityGroup', {
          vpc: this.vpc,
          description: 'Tasks: HTTP from the load balancer only',
        }),
      ],
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      deploymentAlarms: deploymentAlarms(props.deploymentAlarms),
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
      healthCheckGracePeriod: Duration.seconds(60),
      enableECSManagedTags: true,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
    });
    // Tasks pull their image over the internet gateway, which nothing else of theirs refers to.
    service.node.addDependency(...internetConnectivity(this.vpc));
    return service;
  }

  private createTargetGroup(): elbv2.ApplicationTargetGroup {
    return new elbv2.ApplicationTargetGroup(this, 'TargetGroup', {
      vpc: this.vpc,
      port: Health.PORT,
      protocol: elbv2.ApplicationProtocol.HTTP,
      protocolVersion: elbv2.ApplicationProtocolVersion.HTTP1,
      targetType: elbv2.TargetType.IP,
      targets: [
        this.service.loadBalancerTarget({ containerName: this.container.containerName, containerPort: Health.PORT }),
      ],
      // Renderings take unequal time: round robin would queue requests behind slow ones while another task is idle.
      loadBalancingAlgorithmType: elbv2.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
      deregistrationDelay: this.timeouts.deregistrationDelay,
      healthCheck: {
        path: Health.PATH,
        healthyHttpCodes: '200',
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    });
  }
}

function deploymentAlarms(alarms: readonly cloudwatch.IAlarm[] = []): ecs.DeploymentAlarmConfig | undefined {
  if (alarms.length === 0) return undefined;
  return { alarmNames: alarms.map(({ alarmName }) => alarmName), behavior: ecs.AlarmBehavior.ROLLBACK_ON_ALARM };
}
