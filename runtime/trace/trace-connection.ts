import { connect, type Socket } from 'node:net';

import type { TraceLine, TraceNote } from '../../contract';
import { currentRequestId, type Trace } from './trace';

/** What waits beyond this for a slow reader is dropped: a trace must not cost the task its memory. */
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024;

/** How often counters are sent, in milliseconds. */
const COUNTERS_PERIOD = 1000;

/** Tells the local stack what happens, a line of JSON each. Lost lines are lost: nothing waits for them. */
export class TraceConnection implements Trace {
  private readonly socket: Socket;
  private lastCounters = '';

  /**
   * @param address host and port, for example `127.0.0.1:40123`
   * @param task what the local stack calls this task
   */
  constructor(address: string, task: string) {
    const { hostname, port } = new URL(`tcp://${address}`);
    this.socket = connect(Number(port), hostname);
    this.socket.unref();
    // The local stack may go first.
    this.socket.on('error', () => this.socket.destroy());
    this.send({ kind: 'hello', task });
  }

  note(note: TraceNote, request = currentRequestId()): void {
    this.send({ ...(request !== undefined && { request }), note });
  }

  /** Sends the counters once a second, where they have changed. */
  follow(read: () => Record<string, number>): void {
    setInterval(() => {
      const counters = read();
      const text = JSON.stringify(counters);
      if (text === this.lastCounters) return;
      this.lastCounters = text;
      this.send({ kind: 'counters', counters });
    }, COUNTERS_PERIOD).unref();
  }

  private send(line: TraceLine): void {
    if (this.socket.destroyed || this.socket.writableLength > MOST_BUFFERED_BYTES) return;
    this.socket.write(`${JSON.stringify(line)}\n`);
  }
}
