import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Duration, type Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsCache, NextjsService } from '../../lib';
import { appWithBundle } from './bundle';
import { assetPaths, synthesize, synthesizeService as service, type Synthesis, theResource } from './synthesis';

interface Container {
  readonly Command: string[];
  readonly WorkingDirectory: string;
  readonly Environment: { Name: string; Value: unknown }[];
}

const byDefault = service();

function container({ template }: Synthesis = byDefault): Container {
  const { Properties } = theResource(template, 'AWS::ECS::TaskDefinition');
  const [only] = Properties.ContainerDefinitions as Container[];
  if (!only) throw new Error('no container');
  return only;
}

const attribute = (properties: Record<string, unknown>, list: string, key: string): unknown =>
  (properties[list] as { Key: string; Value: unknown }[]).find((entry) => entry.Key === key)?.Value;

describe('the server process', () => {
  it("is node itself, so that SIGTERM reaches it, with the build's arguments and a port", () => {
    expect(container()).toMatchObject({
      Command: [
        'node',
        '--import',
        './.cdk-nextjs-ecs/preload.mjs',
        'node_modules/next/dist/bin/next',
        'start',
        '-p',
        '3000',
      ],
      WorkingDirectory: '/app',
    });
  });

  it("runs in its workspace's folder of a monorepo", () => {
    const server = { directory: 'apps/web', distDirectory: '.next', command: ['server.js'] };
    expect(container(service({}, { server }))).toMatchObject({
      Command: ['node', 'server.js', '-p', '3000'],
      WorkingDirectory: '/app/apps/web',
    });
  });

  it('knows its stores, its name and its timeouts', () => {
    const environment = Object.fromEntries(container().Environment.map(({ Name, Value }) => [Name, Value]));
    expect(environment).toEqual({
      NODE_ENV: 'production',
      HOSTNAME: '0.0.0.0',
      PORT: '3000',
      NEXTJS_CACHE_BUCKET: { Ref: expect.stringContaining('CacheBucket') as string },
      NEXTJS_CACHE_TABLE: { Ref: expect.stringContaining('CacheTable') as string },
      NEXTJS_CACHE_SITE: expect.stringMatching(/^StackService[0-9A-F]{8}$/) as string,
      NEXTJS_CACHE_TAG_SHARDS: '1',
      NEXTJS_LOAD_BALANCER_IDLE_TIMEOUT: '120',
      NEXTJS_STOP_TIMEOUT: '90',
    });
  });

  it('lets pages behind a proxy be shared only where that is asked for', () => {
    const names = (synthesis?: Synthesis) => container(synthesis).Environment.map(({ Name }) => Name);
    expect(names()).not.toContain('NEXTJS_CACHE_PROXIED_ROUTES');
    expect(names(service({ cacheProxiedRoutes: true }))).toContain('NEXTJS_CACHE_PROXIED_ROUTES');
  });

  it("gets the user's variables and secrets, and may be tuned by them", () => {
    const { template } = synthesize((stack) => {
      const secret = new secretsmanager.Secret(stack, 'Secret');
      new NextjsService(stack, 'Service', {
        nextBuild: NextjsBuild.fromDirectory(appWithBundle()),
        cache: new NextjsCache(stack, 'Cache'),
        environment: { API_URL: 'https://api.example.com', NEXTJS_CACHE_WINDOW: '0' },
        secrets: { API_KEY: ecs.Secret.fromSecretsManager(secret) },
      });
    });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([
            { Name: 'API_URL', Value: 'https://api.example.com' },
            { Name: 'NEXTJS_CACHE_WINDOW', Value: '0' },
          ]),
          Secrets: [{ Name: 'API_KEY', ValueFrom: Match.anyValue() }],
        }),
      ],
    });
  });

  it('refuses a variable that was inlined at build', () => {
    expect(() => service({ environment: { NEXT_PUBLIC_API: 'x' } })).toThrow(
      /NextjsService\.environment \(Stack\/Service\): NEXT_PUBLIC_API would have no effect/,
    );
  });

  it('refuses to be cut off its stores', () => {
    expect(() => service({ environment: { NEXTJS_CACHE_TABLE: 'other' } })).toThrow(
      /NEXTJS_CACHE_TABLE is set by the construct/,
    );
  });

  it("takes the build's own Server Actions key, and no other", () => {
    const key = 'c2VjcmV0';
    const facts = { actionKeyFingerprint: createHash('sha256').update(key).digest('hex') };
    const environment = (value: string) => ({ environment: { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: value } });
    expect(() => service(environment(key), facts)).not.toThrow();
    expect(() => service(environment('b3RoZXI='), facts)).toThrow(/is not the key that the app was built with/);
  });
});

describe('the task', () => {
  it('has one ARM64 vCPU and 2 GB', () => {
    expect(theResource(byDefault.template, 'AWS::ECS::TaskDefinition').Properties).toMatchObject({
      Cpu: '1024',
      Memory: '2048',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      RequiresCompatibilities: ['FARGATE'],
    });
  });

  it("follows the app's native modules", () => {
    const { template } = service({}, { nativePlatform: { os: 'linux', arch: 'x64' } });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { RuntimePlatform: { CpuArchitecture: 'X86_64' } });
  });

  it('refuses an architecture that the native modules are not for', () => {
    const nativePlatform = { os: 'linux', arch: 'x64' };
    expect(() => service({ cpuArchitecture: ecs.CpuArchitecture.ARM64 }, { nativePlatform })).toThrow(
      /native modules are for linux\/x64, the tasks are to run on linux\/arm64/,
    );
    expect(() => service({}, { nativePlatform: { os: 'darwin', arch: 'arm64' } })).toThrow(/for darwin\/arm64/);
  });

  it.each([
    [{ cpu: 1000 }, /must be one of 256, 512, 1024, 2048, 4096, 8192, 16384 CPU units; received 1000/],
    [{ cpu: 256, memoryLimitMiB: 4096 }, /tasks of 256 CPU units run with 512, 1024, 2048 MiB; received 4096/],
  ])('refuses a size that Fargate does not know: %o', (options, message) => {
    expect(() => service(options)).toThrow(message);
  });

  it.each([
    [{ stopTimeout: Duration.seconds(121) }, /stopTimeout .*between 2 and 120 seconds; received 121/],
    [{ requestTimeout: Duration.minutes(5) }, /requestTimeout .*between 1 and 120 seconds; received 300/],
  ])('refuses a timeout that AWS does not grant: %#', (options, message) => {
    expect(() => service(options)).toThrow(message);
  });

  it('is an image of the server alone, without what the CDN serves', () => {
    const [image, ...others] = assetPaths(byDefault.assembly, 'dockerImages');
    expect(others).toEqual([]);
    expect(readdirSync(image ?? '').sort()).toEqual(['Dockerfile', 'facts.json', 'server']);
  });
});

describe('what the server can write to', () => {
  const writable = ({ template }: Synthesis) => {
    const { Volumes, ContainerDefinitions } = theResource(template, 'AWS::ECS::TaskDefinition').Properties as {
      Volumes: { Name: string }[];
      ContainerDefinitions: { ReadonlyRootFilesystem: boolean; MountPoints: { ContainerPath: string }[] }[];
    };
    return {
      volumes: Volumes.map(({ Name }) => Name),
      paths: ContainerDefinitions[0]?.MountPoints.map(({ ContainerPath }) => ContainerPath),
      readonlyRoot: ContainerDefinitions[0]?.ReadonlyRootFilesystem,
    };
  };

  it("is Next.js' cache and the folder for temporary files", () => {
    expect(writable(byDefault)).toEqual({
      volumes: ['NextCache', 'Temporary'],
      paths: ['/app/.next/cache', '/tmp'],
      readonlyRoot: true,
    });
    const server = { directory: 'apps/web', distDirectory: 'out', command: ['server.js'] };
    expect(writable(service({}, { server })).paths).toEqual(['/app/apps/web/out/cache', '/tmp']);
  });

  it('is everything where a shell may be opened in a task, or on request', () => {
    expect(writable(service({ enableExecuteCommand: true })).readonlyRoot).toBe(false);
    expect(writable(service({ readonlyRootFilesystem: false })).readonlyRoot).toBe(false);
  });
});

describe('timeouts', () => {
  it.each([1, 45, 60, 120])('outlast one another from the edge to the server for requests of %i seconds', (seconds) => {
    const { template } = service({ requestTimeout: Duration.seconds(seconds) });
    const { Properties: loadBalancer } = theResource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const { Properties: targetGroup } = theResource(template, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    const idle = Number(attribute(loadBalancer, 'LoadBalancerAttributes', 'idle_timeout.timeout_seconds'));
    const delay = Number(attribute(targetGroup, 'TargetGroupAttributes', 'deregistration_delay.timeout_seconds'));
    expect(idle).toBeGreaterThan(Math.max(seconds, 30));
    expect(delay).toBeGreaterThanOrEqual(seconds);
  });
});

describe('the deployment of a service', () => {
  it('starts new tasks before old ones leave, and rolls back what never becomes healthy', () => {
    byDefault.template.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 2,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
  });
});

describe('alarms of a deployment', () => {
  it('undo it', () => {
    const { template } = synthesize(
      (stack) => {
        const alarm = new cloudwatch.Alarm(stack, 'Errors', {
          metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'FailedOrders' }),
          threshold: 1,
          evaluationPeriods: 1,
        });
        new NextjsService(stack, 'Service', {
          nextBuild: NextjsBuild.fromDirectory(appWithBundle()),
          cache: new NextjsCache(stack, 'Cache'),
          deploymentAlarms: [alarm],
        });
      },
      { validated: true },
    );
    template.hasResourceProperties('AWS::ECS::Service', {
      DeploymentConfiguration: {
        Alarms: { AlarmNames: [{ Ref: Match.stringLikeRegexp('^Errors') }], Enable: true, Rollback: true },
      },
    });
  });
});

describe('the health check', () => {
  it('asks addresses of Fargate tasks, and never longer than its interval', () => {
    const { Properties } = theResource(byDefault.template, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    expect(Properties).toMatchObject({ TargetType: 'ip', Port: 3000, HealthCheckPath: '/__health' });
    expect(Number(Properties.HealthCheckTimeoutSeconds)).toBeLessThan(Number(Properties.HealthCheckIntervalSeconds));
  });
});

describe('two sites over one cache', () => {
  const attempt = (cachesOf: (stack: Stack) => [NextjsCache, NextjsCache], siteName?: string) =>
    synthesize((stack) => {
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
      const caches = cachesOf(stack);
      for (const [index, id] of ['One', 'Two'].entries()) {
        new NextjsService(stack, id, { nextBuild, cache: caches[index] ?? caches[0], siteName });
      }
    });
  const oneCache = (stack: Stack): [NextjsCache, NextjsCache] => {
    const cache = new NextjsCache(stack, 'Cache');
    return [cache, cache];
  };

  it('have names of their own', () => {
    expect(() => attempt(oneCache, 'shop')).toThrow(
      /"shop" is already the name of the site Stack\/One over the same cache/,
    );
    expect(() => attempt(oneCache, 'a/b')).toThrow(
      /1 to 128 letters, digits, '.', '_' and '-', known at synth; received "a\/b"/,
    );
    expect(() => attempt(oneCache)).not.toThrow();
  });

  it('are noticed also where bucket or table are given twice', () => {
    const imported = (stack: Stack): [NextjsCache, NextjsCache] => [
      new NextjsCache(stack, 'Cache1', { bucket: s3.Bucket.fromBucketName(stack, 'B1', 'entries') }),
      new NextjsCache(stack, 'Cache2', { bucket: s3.Bucket.fromBucketName(stack, 'B2', 'entries') }),
    ];
    expect(() => attempt(imported, 'shop')).toThrow(/"shop" is already the name of the site Stack\/One/);
    const others = (stack: Stack): [NextjsCache, NextjsCache] => [
      new NextjsCache(stack, 'Cache1'),
      new NextjsCache(stack, 'Cache2'),
    ];
    expect(() => attempt(others, 'shop')).not.toThrow();
  });
});
