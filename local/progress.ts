import type { Writable } from 'node:stream';

import { createColors } from 'picocolors';

/** What long work tells the person who waits for it. Standard output stays free for machine-readable results. */
export interface Progress {
  /** A new step begins; an open one ends as if `done()` had been called. */
  step(title: string): void;
  /** Something worth knowing, within a step or outside. */
  note(text: string): void;
  /** The open step ended well. */
  done(text?: string): void;
}

/** For library use: says nothing. */
export const silentProgress: Progress = { step: () => undefined, note: () => undefined, done: () => undefined };

/** Progress on standard error (or another stream): steps with their times, colours and a moving line on a terminal only. */
export class StreamProgress implements Progress {
  private readonly terminal: boolean;
  private readonly colors: ReturnType<typeof createColors>;
  private open?: { readonly title: string; readonly since: number };

  constructor(private readonly stream: Writable & { readonly isTTY?: boolean } = process.stderr) {
    this.terminal = stream.isTTY === true;
    this.colors = createColors(this.terminal && process.env.NO_COLOR === undefined);
  }

  step(title: string): void {
    this.done();
    this.open = { title, since: performance.now() };
    this.stream.write(this.terminal ? this.pending(title) : `${title} …\n`);
  }

  note(text: string): void {
    const lines = text.split('\n').map((line) => (line === '' ? '\n' : `  ${line}\n`));
    if (!this.terminal || this.open === undefined) {
      this.stream.write(lines.join(''));
      return;
    }
    this.stream.write(`${CLEAR_LINE}${lines.join('')}${this.pending(this.open.title)}`);
  }

  done(text?: string): void {
    if (this.open === undefined) return;
    const { title, since } = this.open;
    this.open = undefined;
    const time = this.colors.dim(formatDuration(performance.now() - since));
    const detail = text === undefined ? '' : `: ${text}`;
    this.stream.write(
      this.terminal
        ? `${CLEAR_LINE}${this.colors.green('✓')} ${title}${detail} ${time}\n`
        : `${title}${detail} (${time})\n`,
    );
  }

  /** The open step failed: clears its line, so that the error stands alone. */
  abandon(): void {
    if (this.open !== undefined && this.terminal) this.stream.write(CLEAR_LINE);
    this.open = undefined;
  }

  private pending(title: string): string {
    return `${this.colors.cyan('◌')} ${title} …`;
  }
}

const CLEAR_LINE = '\r\u001b[K';

/** `840 ms`, `3.2 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
