import type { EdgeEvent } from '../edge';
import type { Step, Tone } from './request-trace';
import type { TagNames } from './tag-names';
import { duration, shorten, size } from './text';

const LONGEST_KEY = 300;

/** What the edge did with a request. */
export function edgeSteps(event: EdgeEvent, names: TagNames): Step[] {
  const { behavior, key, functions, origin } = event;
  return [
    step(`behaviour ${behavior === '*' ? '* (the default)' : behavior}`),
    ...functions.map(({ name, eventType, error, milliseconds }): Step =>
      error === undefined
        ? { ...step(`function ${name} ran (${eventType})`), milliseconds }
        : { ...step(`function ${name} failed (${eventType}): ${error}`), tone: 'failure' },
    ),
    ...(key === undefined ? [] : [step(`cache key ${describeKey(key)}`)]),
    { ...step(`${wordOf(event)}: ${names.explain(edgeReason(event))}`), tone: toneOf(event) },
    ...(origin === undefined ? [] : [originStep(origin)]),
    ...(event.absence === undefined || event.result !== 'Miss' ? [] : [step(event.reason)]),
    { ...step(describeEnd(event)), milliseconds: event.total },
  ];
}

/** `HIT`, `MISS`, …: what the edge says in `x-cache`, in the words of caches. */
function wordOf({ result, reason, status }: EdgeEvent): string {
  if (status === 0) return 'LEFT';
  if (result === 'Hit' && reason.startsWith('stale')) return 'STALE';
  if (result === 'Hit' && reason.startsWith('collapsed')) return 'COLLAPSED';
  if (result === 'RefreshHit') return 'REFRESHED';
  if (result === 'Miss' && isBypass(reason)) return 'BYPASS';
  return result === 'Hit' || result === 'Miss' || result === 'Error' ? result.toUpperCase() : 'FUNCTION';
}

/** Why the edge answered as it did: of a miss why there was nothing, not what became of the answer. */
export function edgeReason({ result, reason, absence }: EdgeEvent): string {
  return result === 'Miss' && absence !== undefined ? absence : reason;
}

function toneOf(event: EdgeEvent): Tone {
  const word = wordOf(event);
  if (event.status >= 500 || event.status === 0) return 'failure';
  if (word === 'STALE') return 'old';
  return word === 'HIT' || word === 'COLLAPSED' || word === 'REFRESHED' ? 'hit' : 'miss';
}

/** The cache was not asked, because it could not have had an answer. */
function isBypass(reason: string): boolean {
  return /is not a cached method$|disables caching$|a WebSocket$/.test(reason);
}

/** The parts of a key are its lines. */
function describeKey(key: string): string {
  return shorten(key.split('\n').join(' · '), LONGEST_KEY);
}

function originStep({ originId, address, attempts, firstByte }: NonNullable<EdgeEvent['origin']>): Step {
  const tries = attempts === 1 ? '' : `, ${attempts} attempts`;
  return {
    ...step(`asked origin ${originId} at ${address}${tries}: first byte after ${duration(firstByte)}`),
    milliseconds: firstByte,
  };
}

function describeEnd({ status, bytes, firstByte, complete }: EdgeEvent): string {
  if (status === 0) return 'the viewer left before the answer';
  const ending = complete ? '' : ', broken off';
  return `answered ${status}, ${size(bytes)}, first byte after ${duration(firstByte)}${ending}`;
}

function step(text: string): Step {
  return { where: 'edge', text };
}
