import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import path from 'node:path';

/** A Node.js that servers run on. */
export interface NodeRuntime {
  /** `v24.21.0` */
  readonly version: string;
  readonly executable: string;
}

/** From npm, where there is one for this machine; else the one that runs the benchmark. */
export function referenceNode(): NodeRuntime {
  const executable = path.resolve(import.meta.dirname, `../node_modules/node-${platform()}-${arch()}/bin/node`);
  if (!existsSync(executable)) return ownNode();
  return { version: execFileSync(executable, ['--version'], { encoding: 'utf8' }).trim(), executable };
}

export function ownNode(): NodeRuntime {
  return { version: process.version, executable: process.execPath };
}

/** On what it was measured. */
export interface Machine {
  readonly cpu: string;
  readonly memoryMiB: number;
  readonly os: string;
  readonly node: string;
  readonly bench: string;
}

export function describeMachine(): Machine {
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    os: `${platform()}/${arch()} ${release()}`,
    node: referenceNode().version,
    bench: process.version,
  };
}

/** Average number of runnable processes in the last minute: above the number of cores, others were measured too. */
export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
