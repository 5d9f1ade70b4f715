import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { ProcessSpec } from './process-spec';

const MODULE = 'clock.mjs';
const OFFSET = 'offset';

/**
 * A replica's clock, which can be put wrong while the replica runs.
 *
 * A module that Node.js loads before the app's shifts what `Date` and `performance.timeOrigin` say by what stands in a file; how fast time
 * passes, and so every timer, is left alone, as with a wrong system clock.
 */
export class Clock {
  private offset = 0;

  constructor(private readonly directory: string) {}

  /** How wrong it is, in milliseconds; ahead of the right time where it is positive. */
  get skew(): number {
    return this.offset;
  }

  /** Processes under way follow within moments, later ones begin with it. */
  set(milliseconds: number): void {
    this.offset = milliseconds;
    this.write();
  }

  /** A process that reads this clock; unchanged where it is not Node.js' own, which alone can be told. */
  governing(spec: ProcessSpec): ProcessSpec {
    if (basename(spec.file) !== basename(process.execPath)) return spec;
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(join(this.directory, MODULE), PROGRAM);
    this.write();
    return { ...spec, args: ['--import', pathToFileURL(join(this.directory, MODULE)).href, ...spec.args] };
  }

  async close(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private write(): void {
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(join(this.directory, OFFSET), String(this.offset));
  }
}

/** The module, which lies beside the file that says how wrong the clock is. `watch` does not keep the process from ending. */
const PROGRAM = `
import { readFileSync, watch } from 'node:fs';
import { performance } from 'node:perf_hooks';

const file = new URL('${OFFSET}', import.meta.url);
const RightDate = Date;
const rightNow = Date.now;
const rightOrigin = performance.timeOrigin;
let offset = 0;

const read = () => {
  const text = readFileSync(file, 'utf8');
  // Empty between the moment when the file is opened for writing and the write.
  if (text !== '') offset = Number(text);
};
read();
watch(file, { persistent: false }, () => { try { read(); } catch {} }).on('error', () => {});

const now = () => rightNow() + offset;
globalThis.Date = new Proxy(RightDate, {
  apply: () => new RightDate(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
RightDate.prototype.constructor = Date;
Object.defineProperty(Object.getPrototypeOf(performance), 'timeOrigin', { get: () => rightOrigin + offset, configurable: true });
`;
