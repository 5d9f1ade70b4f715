import type { TraceCapped, TraceCause, TraceRead } from '../../contract';
import { describeTag } from './tag-names';
import type { Tone } from './request-trace';
import { duration } from './text';

const LAYERS = { memory: 'memory', build: 'build output', store: 'S3' } as const;

const RENEWALS = {
  here: 'regenerating here',
  elsewhere: 'another task regenerates it',
  reader: 'its reader renews it',
  nobody: 'not renewed for a prefetch',
} as const;

/** `tag \`products\` expired 0.4 s ago`. */
export function describeCause(cause: TraceCause): string {
  const ago = `${duration(cause.milliseconds)} ago`;
  const did = cause.effect === 'expired' ? 'expired' : 'went stale';
  if (cause.kind === 'tag') return `${describeTag(cause.tag)} ${did} ${ago}`;
  const period = duration(cause.seconds * 1000);
  return cause.effect === 'expired' ? `expired ${ago}, after ${period}` : `its period of ${period} passed ${ago}`;
}

/** What the cache found, and why: `MISS: tag \`products\` expired 0.4 s ago; regenerating here`. */
export function describeRead(read: TraceRead): string {
  const word = readWord(read);
  if (read.outcome === 'missing') return `${word}: ${read.replaced ? describeCause(read.replaced) : 'no layer has it'}`;
  if (read.outcome === 'fresh') {
    return read.replaced ? `${word}: newer than memory's, for ${describeCause(read.replaced)}` : word;
  }
  const why = read.cause === undefined ? '' : `: ${describeCause(read.cause)}`;
  const renewal = read.renewal === undefined ? '' : `; ${RENEWALS[read.renewal]}`;
  return `${word}${why}${renewal}`;
}

/** The same in a word or two, for the request log. */
export function readWord({ outcome, layer = 'memory' }: TraceRead): string {
  switch (outcome) {
    case 'fresh':
      return `HIT ${LAYERS[layer]}`;
    case 'stale':
      return 'STALE';
    case 'retained':
      return 'OLD';
    case 'expired':
    case 'missing':
      return 'MISS';
  }
}

export function readTone({ outcome }: TraceRead): Tone {
  if (outcome === 'fresh') return 'hit';
  return outcome === 'stale' || outcome === 'retained' ? 'old' : 'miss';
}

/** Why the edge keeps an answer for a second only. */
export function describeCap({ because, milliseconds = 0 }: TraceCapped): string {
  switch (because) {
    case 'unloaded':
      return 'capped at a second: the tags are not known yet';
    case 'clock':
      return `capped at a second: clock unsure, off by ${duration(Math.abs(milliseconds))}`;
    case 'view':
      return `capped at a second: what is known of the tags is ${duration(milliseconds)} old`;
    case 'answer':
      return 'capped at a second: it is old, or nothing proves that it is not';
  }
}
