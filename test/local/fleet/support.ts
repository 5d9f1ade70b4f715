import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { onTestFinished } from 'vitest';

import {
  Fleet,
  type FleetOptions,
  type ServiceDefinition,
  type Target,
  type TargetHealth,
  type Targets,
  type TaskDefinition,
  Watchdog,
  Workspaces,
} from '../../../local/fleet';

/** A container that serves what a replica can see of itself; it is controlled by its environment. */
const SERVER = `
  import { createServer } from 'node:http';
  import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
  if (process.env.FAIL) { console.error('the catalogue is missing'); process.exit(3); }
  const routes = {
    '/': () => ({ environment: process.env, directory: process.cwd(), arguments: process.argv.slice(2), files: readdirSync('.') }),
    '/write': () => { writeFileSync('written', 'x'); return {}; },
    '/grow': () => { globalThis.hoard = Buffer.alloc(256 * 1024 * 1024, 1); return {}; },
    '/crash': () => { setImmediate(() => process.exit(1)); return {}; },
  };
  const port = process.argv[process.argv.indexOf('-p') + 1];
  createServer((request, response) => {
    if (process.env.SICK) response.statusCode = 503;
    response.end(JSON.stringify(routes[request.url]()));
  }).listen(port, '127.0.0.1');
  console.log('listening');
  process.on('SIGTERM', () => {
    if (process.env.TERM_FILE) appendFileSync(process.env.TERM_FILE, 'term\\n');
    if (!process.env.STUBBORN) process.exit(0);
  });
`;

export const IMAGE = '000000000000.dkr.ecr.us-east-1.amazonaws.com/assets:abc';

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** A staged image asset as `cdk-nextjs-ecs build` makes it, with the server above in place of Next.js. */
export async function stageBundle(directory: string): Promise<string> {
  const asset = join(directory, 'asset.abc');
  await mkdir(join(asset, 'server/web/node_modules/a'), { recursive: true });
  await writeFile(join(asset, 'facts.json'), '{}');
  await writeFile(join(asset, 'Dockerfile'), 'FROM node:24\nENV NODE_ENV=production\nCOPY server /app\n');
  await writeFile(join(asset, 'server/web/server.mjs'), SERVER);
  await writeFile(join(asset, 'server/web/node_modules/a/index.js'), '');
  return asset;
}

/** A target group that believes a target to be healthy once it answers, as a load balancer's health check does. */
export class ProbingTargets implements Targets {
  readonly registered = new Map<number, TargetHealth>();
  readonly events: string[] = [];

  register(_targetGroupArn: string, { port }: Target): void {
    this.registered.set(port, 'initial');
    this.events.push(`register ${port}`);
    void this.probe(port);
  }

  deregister(_targetGroupArn: string, { port }: Target): Promise<void> {
    this.registered.delete(port);
    this.events.push(`deregister ${port}`);
    return Promise.resolve();
  }

  health(_targetGroupArn: string, { port }: Target): TargetHealth {
    return this.registered.get(port) ?? 'unused';
  }

  private async probe(port: number): Promise<void> {
    while (this.registered.get(port) === 'initial') {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      if (answer !== undefined && this.registered.has(port))
        this.registered.set(port, answer.ok ? 'healthy' : 'unhealthy');
      else await delay(10);
    }
  }
}

export function serviceOf(service: Partial<ServiceDefinition>): ServiceDefinition {
  return {
    name: 'Service',
    taskDefinition: 'task',
    desiredCount: 1,
    loadBalancers: [{ targetGroupArn: 'group', containerName: 'web', containerPort: 3000 }],
    healthyPercent: { minimum: 100, maximum: 200 },
    circuitBreaker: { isEnabled: true, rollsBack: true },
    healthCheckGracePeriod: 0,
    ...service,
  };
}

/** The container above with an environment. */
export function taskDefinitionOf(environment: Record<string, string>, stopTimeout = 5000): TaskDefinition {
  return {
    containers: [
      {
        name: 'web',
        image: IMAGE,
        essential: true,
        command: ['node', './server.mjs', '-p', '3000'],
        workingDirectory: '/app/web',
        environment,
        secrets: [],
        ports: [3000],
        stopTimeout,
        checksHealth: false,
      },
    ],
  };
}

export interface ContainerOverrides {
  readonly container?: Record<string, unknown>;
  readonly more?: Record<string, unknown>[];
}

export interface FleetFixture {
  readonly fleet: Fleet;
  readonly targets: ProbingTargets;
  readonly watchdog: Watchdog;
  readonly directory: string;
  readonly asset: string;
  readonly lines: string[];
}

/** A fleet of the container above; stopped when the test ends. */
export async function createFleet(
  options: Partial<FleetOptions> = {},
  environment: Record<string, string> = {},
  stopTimeout = 5000,
): Promise<FleetFixture> {
  const scratch = await temporaryDirectory();
  const asset = await stageBundle(scratch);
  const directory = join(scratch, 'tasks');
  const targets = new ProbingTargets();
  const workspaces = new Workspaces(scratch);
  const watchdog = new Watchdog();
  const lines: string[] = [];
  const fleet = new Fleet({
    service: serviceOf({}),
    taskDefinition: taskDefinitionOf(environment, stopTimeout),
    services: { AWS_REGION: 'us-east-1' },
    overrides: {},
    imageAsset: (image) => (image === IMAGE ? { directory: asset } : undefined),
    directories: {},
    targets,
    workspaces,
    watchdog,
    directory,
    output: (replica, line) => lines.push(`${replica} ${line}`),
    ...options,
  });
  onTestFinished(async () => {
    await fleet.stop({ drain: false, stopTimeout: 100 });
    await watchdog.close();
  });
  return { fleet, targets, watchdog, directory, asset, lines };
}

export interface View {
  readonly environment: Record<string, string | undefined>;
  readonly directory: string;
  readonly arguments: string[];
  readonly files: string[];
}

export async function get(fleet: Fleet, path = '/', replica = 0): Promise<View> {
  const url = fleet.replicas[replica]?.url;
  if (url === undefined) throw new Error(`replica ${replica} has no address`);
  const response = await fetch(url + path);
  return (await response.json()) as View;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

export function isRunning(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
