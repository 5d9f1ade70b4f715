import { cacheLife, cacheTag } from 'next/cache';
import { lines, tryFindLine, type Line } from './lines';

/** When a cached value was made, and an id that no other making of it has. */
export interface Making {
  readonly id: string;
  readonly at: string;
}

export interface Timetable extends Making {
  readonly lines: readonly Line[];
}

export interface Seats extends Making {
  readonly free: number;
}

export function seatsTag(line: string): string {
  return `seats:${line}`;
}

/** Part of the static shell, and kept in each server's own cache. */
export async function readTimetable(): Promise<Timetable> {
  'use cache';
  cacheTag('timetable');
  cacheLife('hours');
  return Promise.resolve({ ...makeStamp(), lines });
}

/** Asked for at request time, and kept where all servers find it: one count serves everybody. */
export async function countSeats(line: string): Promise<Seats> {
  'use cache: remote';
  cacheTag('seats', seatsTag(line));
  cacheLife('minutes');
  const seats = tryFindLine(line)?.seats ?? 0;
  return Promise.resolve({ ...makeStamp(), free: Math.ceil(Math.random() * seats) });
}

function makeStamp(): Making {
  return { id: crypto.randomUUID().slice(0, 8), at: new Date().toISOString() };
}
