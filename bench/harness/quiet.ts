import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK = 500;
const IDLE_ENOUGH = 0.85;

/** Waits until nobody else works on this machine, or as long as may be; answers which of the two it was. */
export async function untilQuiet(seconds = 60): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  do {
    const before = total();
    await delay(LOOK);
    const after = total();
    if ((after.idle - before.idle) / (after.all - before.all) >= IDLE_ENOUGH) return true;
  } while (performance.now() < end);
  return false;
}

/** What all processors have spent so far, in milliseconds. */
function total(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((time) => Object.values(time))) };
}
