import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

import type { TraceLine, TraceNote } from '../../contract';

const LOOPBACK = '127.0.0.1';

/** What becomes of what the tasks tell. */
export interface NoteSink {
  note(task: string, request: string, note: TraceNote): void;
  /** A task's connection has begun: it counts from zero. */
  started(task: string): void;
  counters(task: string, counters: Readonly<Record<string, number>>): void;
}

/** Takes the lines of the tasks' traces. */
export class NoteReceiver {
  private readonly server = createServer();
  private readonly sockets = new Set<Socket>();

  constructor(private readonly sink: NoteSink) {
    this.server.on('connection', (socket) => {
      this.receive(socket);
    });
  }

  async listen(): Promise<void> {
    this.server.listen(0, LOOPBACK);
    await once(this.server, 'listening');
  }

  /** Host and port. */
  get address(): string {
    return `${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private receive(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // A task that was killed.
    socket.on('error', () => socket.destroy());
    let task: string | undefined;
    createInterface({ input: socket, crlfDelay: Infinity }).on('line', (text) => {
      const line = tryParse(text);
      if (line === undefined) return;
      if ('note' in line) {
        // What no request asked for (the mirror's first read, for example) is nobody's way.
        if (task !== undefined && line.request !== undefined) this.sink.note(task, line.request, line.note);
      } else if (line.kind === 'hello') {
        task = line.task;
        this.sink.started(task);
      } else if (task !== undefined) {
        this.sink.counters(task, line.counters);
      }
    });
  }
}

/** Undefined for the half line of a task that was killed while it wrote. */
function tryParse(text: string): TraceLine | undefined {
  try {
    return JSON.parse(text) as TraceLine;
  } catch {
    return undefined;
  }
}
