import { Duration, Names, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { Bundle, Health } from '../contract';
import type { NextjsBuild } from './nextjs-build';
import type { NextjsCache } from './nextjs-cache';
import type { NextjsEgress, NextjsServiceOptions } from './nextjs-service-options';
import { Capacity } from './private/capacity';
import { chooseCpuArchitecture, imagePlatform } from './private/cpu-architecture';
import { requireFargateSize } from './private/fargate-size';
import { createVpc, defaultEgress, internetConnectivity, loadBalancerSubnets, taskPlacement } from './private/network';
import { originFacingPrefixListId } from './private/origin-facing-prefix-list';
import { serverCommand, serverEnvironment, serverSecrets, serverWorkingDirectory } from './private/server-process';
import { Timeouts } from './private/timeouts';

/** Properties of {@link NextjsService}. */
export interface NextjsServiceProps extends NextjsServiceOptions {
  /** The app to run. */
  readonly nextBuild: NextjsBuild;
  /** The cache that the tasks share. */
  readonly cache: NextjsCache;
}

/**
 * Runs `next start` on Fargate behind an internal Application Load Balancer that only CloudFront can reach.
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
  /** The internal load balancer: the distribution's origin. */
  public readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  /** Its only listener, HTTP on port 80. */
  public readonly listener: elbv2.ApplicationListener;
  /** The tasks that take requests. */
  public readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** The name that begins every key of this site in the cache. */
  public readonly siteName: string;

  private readonly timeouts: Timeouts;
  private readonly capacity: Capacity;
  private readonly cpuArchitecture: ecs.CpuArchitecture;

  constructor(scope: Construct, id: string, props: NextjsServiceProps) {
    super(scope, id);
    this.timeouts = new Timeouts(this, 'NextjsService', props);
    this.capacity = new Capacity(this, props);
    this.cpuArchitecture = chooseCpuArchitecture(this, props.nextBuild._facts, props.cpuArchitecture);
    this.siteName = props.siteName ?? Names.uniqueResourceName(this, { maxLength: 64 });
    props.cache._claimSiteName(this, this.siteName);

    const givenVpc = props.vpc ?? props.cluster?.vpc;
    const egress = props.egress ?? defaultEgress(givenVpc);
    this.vpc = givenVpc ?? createVpc(this, 'Vpc', egress, props.secrets !== undefined);
    this.cluster = props.cluster ?? this.createCluster(props);
    this.logGroup = this.createLogGroup(props);
    this.taskDefinition = this.createTaskDefinition(props);
    this.container = this.createContainer(props);
    props.cache.grantReadWrite(this.taskDefinition.taskRole, this.siteName);

    this.loadBalancer = this.createLoadBalancer(props);
    this.listener = this.loadBalancer.addListener('Listener', {
      port: 80,
      protocol: elbv2.ApplicationProtocol.HTTP,
      open: false,
    });
    this.service = this.createService(props, egress);
    this.targetGroup = this.createTargetGroup();
    this.listener.addTargetGroups('Tasks', { targetGroups: [this.targetGroup] });
    this.capacity.addScaling(this.service, this.targetGroup);
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
    const facts = props.nextBuild._facts;
    return this.taskDefinition.addContainer('Server', {
      image: this.createImage(props),
      command: serverCommand(facts, Health.PORT),
      workingDirectory: serverWorkingDirectory(facts),
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
  }

  private createImage(props: NextjsServiceProps): ecs.ContainerImage {
    return ecs.ContainerImage.fromDockerImageAsset(
      new ecrAssets.DockerImageAsset(this, 'Image', {
        directory: props.nextBuild.directory,
        file: Bundle.DOCKERFILE,
        // The CDN serves it; the image would only grow.
        exclude: [Bundle.STATIC_DIRECTORY],
        platform: imagePlatform(this.cpuArchitecture),
      }),
    );
  }

  private createLoadBalancer(props: NextjsServiceProps): elbv2.ApplicationLoadBalancer {
    const securityGroup = new ec2.SecurityGroup(this, 'LoadBalancerSecurityGroup', {
      vpc: this.vpc,
      description: 'Load balancer: HTTP from CloudFront only',
      allowAllOutbound: false,
    });
    const prefixListId =
      props.cloudFrontPrefixListId ?? originFacingPrefixListId(this, 'NextjsService.cloudFrontPrefixListId');
    securityGroup.addIngressRule(ec2.Peer.prefixList(prefixListId), ec2.Port.tcp(80), 'HTTP from CloudFront');
    return new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: this.vpc,
      vpcSubnets: loadBalancerSubnets(this, 'NextjsService.vpc', this.vpc),
      internetFacing: false,
      securityGroup,
      idleTimeout: this.timeouts.loadBalancerIdle,
      http2Enabled: true,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elbv2.DesyncMitigationMode.DEFENSIVE,
      // Next compares the viewer's Host with the Origin of a server action.
      preserveHostHeader: true,
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
