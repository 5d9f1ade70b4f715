import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Takes the lines that a replica's processes print. */
export type OutputSink = (replica: string, line: string) => void;

/** How many lines are kept to show why a replica failed. */
const TAIL_LINES = 40;

/** A longer line (a logged body, a minified stack) is cut in the tail. */
const TAIL_LINE_LENGTH = 2000;

/** The last lines that a process printed. */
export class OutputTail {
  private readonly lines: string[] = [];

  push(line: string): void {
    this.lines.push(line.slice(0, TAIL_LINE_LENGTH));
    if (this.lines.length > TAIL_LINES) this.lines.shift();
  }

  toString(): string {
    return this.lines.map((line) => `    ${line}`).join('\n');
  }
}

/** Calls back for each line until the stream ends. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}
