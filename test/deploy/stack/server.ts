import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { Watchdog } from '../../../local/fleet';

export interface ServerOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Answers when the server is up. */
  readonly url: string;
}

/** A server of another maker on loopback. */
export class Server {
  static async start(command: string, args: readonly string[], { environment, url }: ServerOptions): Promise<Server> {
    const server = new Server(
      spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true }),
    );
    await server.answers(command, url);
    return server;
  }

  private output = '';
  private readonly watchdog = new Watchdog();

  private constructor(private readonly child: ChildProcess) {
    if (child.pid !== undefined) this.watchdog.guardProcess(child.pid);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exited;
    }
    await this.watchdog.close();
  }

  private async answers(command: string, url: string): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`test/deploy: ${command} ended:\n${this.output}`);
      if (await fetch(url).catch(() => undefined)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
