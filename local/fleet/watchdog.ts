import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * A process that waits for ours to end, however it ends (SIGKILL and crashes included), and then kills the process groups and
 * removes the folders that were not released before.
 *
 * It notices by its standard input, a pipe that the kernel closes with our last breath.
 */
export class Watchdog {
  private readonly child: ChildProcess;

  constructor() {
    this.child = spawn(process.execPath, ['--eval', PROGRAM], {
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
      // Ctrl-C in a terminal goes to the whole foreground group, which this process must survive.
      detached: true,
    });
    this.child.unref();
    // At run time a pipe is a socket, and an open one would keep us running.
    (this.child.stdin as Socket | null)?.unref();
    // A watchdog that was killed cannot be told anything any more; that must not end us.
    this.child.stdin?.on('error', () => undefined);
  }

  guardProcess(groupId: number): void {
    this.tell('process', groupId);
  }

  releaseProcess(groupId: number): void {
    this.tell('release', groupId);
  }

  guardDirectory(directory: string): void {
    this.tell('directory', directory);
  }

  /** Nothing is left to guard: the watchdog ends (and removes the folders that it guards). */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.ref();
    this.child.stdin?.end();
    await exited;
  }

  private tell(what: 'process' | 'release' | 'directory', value: number | string): void {
    this.child.stdin?.write(`${JSON.stringify([what, value])}\n`);
  }
}

/** Runs in a process of its own, from its text: so it needs no file that a bundler would have to know. */
const PROGRAM = `
  const groups = new Set(), directories = new Set();
  const orders = {
    process: (id) => groups.add(id),
    release: (id) => groups.delete(id),
    directory: (path) => directories.add(path),
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  require('node:readline')
    .createInterface({ input: process.stdin })
    .on('line', (line) => { const [what, value] = JSON.parse(line); orders[what](value); })
    .on('close', () => {
      for (const id of groups) try { process.kill(-id, 'SIGKILL'); } catch {}
      for (const path of directories) require('node:fs').rmSync(path, { recursive: true, force: true, maxRetries: 5 });
      process.exit(0);
    });
`;
