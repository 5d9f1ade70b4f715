import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from './clock';
import { ContainerProcess, type Ending } from './container-process';
import type { ContainerSource } from './container-source';
import { freePort } from './free-port';
import { MemoryWatch, type WatchedContainer } from './memory-watch';
import { LOOPBACK, processSpec } from './process-spec';
import type { ServiceLoadBalancer } from './service';
import type { Target, TargetHealth, Targets } from './targets';
import type { ContainerDefinition } from './task-definition';
import type { Watchdog } from './watchdog';
import type { Workspaces } from './workspaces';

/** What every task of a service has in common. */
export interface TaskPlan {
  readonly containers: readonly PlannedContainer[];
  readonly loadBalancers: readonly ServiceLoadBalancer[];
  /** How long a task may be unhealthy after its start, in milliseconds. */
  readonly healthCheckGracePeriod: number;
  /** What all containers may hold together, in bytes. @default - as much as there is */
  readonly memory?: number;
  readonly services: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly targets: Targets;
  readonly workspaces: Workspaces;
  readonly watchdog: Watchdog;
}

export interface PlannedContainer {
  readonly definition: ContainerDefinition;
  readonly source: ContainerSource;
}

/** In bytes. */
export interface MemoryState {
  /** Absent until it was looked at. */
  readonly used?: number;
  /** Absent where the template sets none. */
  readonly limit?: number;
}

interface RunningContainer {
  readonly definition: ContainerDefinition;
  readonly process: ContainerProcess;
}

/** One task from its start to its end: its containers' processes, its files and its places in the target groups. */
export class Task {
  /**
   * Starts the containers in a fresh file system below `directory` and joins the target groups.
   *
   * As on Fargate the containers of a task share one network, so their ports do too.
   */
  static async start(plan: TaskPlan, directory: string, clock: Clock, onLine: (line: string) => void): Promise<Task> {
    const ports = await placePorts(plan);
    const processes = await Promise.all(
      plan.containers.map(async ({ definition, source }) => {
        const home = join(directory, `${definition.name}-home`);
        await mkdir(home, { recursive: true });
        const spec = processSpec(definition, source, {
          directory: await placeFiles(plan.workspaces, source, join(directory, definition.name)),
          home,
          ports: own(ports, definition, plan.loadBalancers),
          services: plan.services,
          overrides: plan.overrides,
        });
        return { definition, spec: clock.governing(spec) };
      }),
    );
    const running = processes.map(({ definition, spec }) => ({
      definition,
      process: new ContainerProcess(spec, plan.watchdog, onLine),
    }));
    return new Task(plan, directory, ports, running);
  }

  /** Fulfilled when an essential container, and with it the task, has ended. */
  readonly ended: Promise<Ending>;
  private readonly memoryWatch: MemoryWatch;
  private readonly registrations: { readonly targetGroupArn: string; readonly target: Target }[];
  private alive = true;
  private hasLeft = false;

  private constructor(
    private readonly plan: TaskPlan,
    private readonly directory: string,
    private readonly ports: ReadonlyMap<number, number>,
    private readonly containers: readonly RunningContainer[],
  ) {
    this.registrations = plan.loadBalancers.flatMap(({ targetGroupArn, containerPort }) => {
      const port = ports.get(containerPort);
      return port === undefined ? [] : [{ targetGroupArn, target: { host: LOOPBACK, port } }];
    });
    for (const { targetGroupArn, target } of this.registrations) plan.targets.register(targetGroupArn, target);
    this.memoryWatch = new MemoryWatch(containers.map(watched), plan.memory);
    this.ended = this.waitForEnd();
  }

  /** Address of the port that the load balancer reaches, or else of the first one. */
  get url(): string | undefined {
    const port = this.registrations[0]?.target.port ?? [...this.ports.values()][0];
    return port === undefined ? undefined : `http://${LOOPBACK}:${port}`;
  }

  /** Process id of the first essential container. */
  get pid(): number | undefined {
    return this.containers.find(({ definition }) => definition.essential)?.process.pid;
  }

  /** What its containers hold, and the most that the task may, in bytes. */
  get memory(): MemoryState {
    const { used } = this.memoryWatch;
    const { memory: limit } = this.plan;
    return { ...(used !== undefined && { used }), ...(limit !== undefined && { limit }) };
  }

  /** The worst that any target group says; a task without one is healthy while it runs. */
  get health(): TargetHealth {
    if (!this.alive) return 'unused';
    if (this.hasLeft) return 'draining';
    const health = this.registrations.map(({ targetGroupArn, target }) =>
      this.plan.targets.health(targetGroupArn, target),
    );
    return health.find((state) => state !== 'healthy') ?? 'healthy';
  }

  /** As ECS stops a task: leave the target groups and drain, then SIGTERM, then SIGKILL after the stop timeout. */
  async stop({ drain, stopTimeout = Infinity }: { drain: boolean; stopTimeout?: number }): Promise<void> {
    const drained = this.leaveTargetGroups();
    if (drain) await drained;
    await Promise.all(
      this.containers.map(({ definition, process }) => process.stop(Math.min(definition.stopTimeout, stopTimeout))),
    );
    await this.ended;
  }

  kill(signal?: NodeJS.Signals): void {
    for (const { process } of this.containers) process.kill(signal);
  }

  private async waitForEnd(): Promise<Ending> {
    const essential = this.containers.filter(({ definition }) => definition.essential);
    const ending = await Promise.race(
      (essential.length > 0 ? essential : this.containers).map(async ({ definition, process }) => {
        return `container "${definition.name}" ${await process.ended}`;
      }),
    );
    this.alive = false;
    this.memoryWatch.close();
    void this.leaveTargetGroups();
    await Promise.all(this.containers.map(({ definition, process }) => process.stop(definition.stopTimeout)));
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
    return ending;
  }

  private async leaveTargetGroups(): Promise<void> {
    this.hasLeft = true;
    await Promise.all(
      this.registrations
        .splice(0)
        .map(({ targetGroupArn, target }) => this.plan.targets.deregister(targetGroupArn, target)),
    );
  }
}

function watched({ definition, process }: RunningContainer): WatchedContainer {
  const { name, memory: limit } = definition;
  const kill = (reason: string): void => {
    process.killForMemory(reason);
  };
  return { name, pid: process.pid, limit, kill };
}

async function placePorts(plan: TaskPlan): Promise<Map<number, number>> {
  const ports = [
    ...plan.loadBalancers.map(({ containerPort }) => containerPort),
    ...plan.containers.flatMap(({ definition }) => definition.ports),
  ];
  const places = [...new Set(ports)].map(async (port) => [port, await freePort()] as const);
  return new Map(await Promise.all(places));
}

/** The container's own ports, the one that a load balancer reaches first. */
function own(
  ports: ReadonlyMap<number, number>,
  container: ContainerDefinition,
  loadBalancers: readonly ServiceLoadBalancer[],
): ReadonlyMap<number, number> {
  const balanced = loadBalancers.filter(({ containerName }) => containerName === container.name);
  const names = new Set([...balanced.map(({ containerPort }) => containerPort), ...container.ports]);
  return new Map([...ports].filter(([port]) => names.has(port)));
}

async function placeFiles(workspaces: Workspaces, source: ContainerSource, destination: string): Promise<string> {
  if (source.imageRoot === undefined) return source.directory;
  await workspaces.place(source.directory, destination);
  return destination;
}
