import type { TraceAnswered, TraceCall, TraceKept, TraceNote, TraceRead } from '../../contract';
import { describeCap, describeRead, readTone } from './cache-words';
import type { Step, TaskNote } from './request-trace';
import { describeTag, isOfApp } from './tag-names';
import { duration, shorten } from './text';

const SERVICES = { s3: 'S3', dynamodb: 'DynamoDB' } as const;
const LONGEST_KEY = 120;
const MOST_TAGS = 8;

/** What tasks did for a request. What comes after the answer happened behind it. */
export function taskSteps(notes: readonly TaskNote[]): Step[] {
  const answered = new Set<string>();
  const steps = notes.map(({ task, note }): Step => {
    const isBehind = answered.has(task);
    if (note.kind === 'answered') answered.add(task);
    return { where: task, ...describe(note), ...(isBehind && { isBehind }) };
  });
  const [first] = notes;
  if (first === undefined || notes.some(({ note }) => note.kind === 'read')) return steps;
  return [{ where: first.task, text: 'no cache entry was read: answered for this request alone' }, ...steps];
}

function describe(note: TraceNote): Omit<Step, 'where' | 'isBehind'> {
  switch (note.kind) {
    case 'read':
      return readStep(note);
    case 'kept':
      return { text: describeKept(note) };
    case 'call':
      return callStep(note);
    case 'capped':
      return { text: describeCap(note), tone: 'old' };
    case 'answered':
      return { text: describeAnswer(note), milliseconds: note.milliseconds };
  }
}

function readStep(read: TraceRead): Omit<Step, 'where'> {
  const tags = read.tags.filter(isOfApp);
  const carried = tags.length === 0 ? '' : ` (${listTags(tags)})`;
  return {
    text: `${describeEntry(read)}: ${describeRead(read)}${carried}`,
    tone: readTone(read),
    milliseconds: read.milliseconds,
  };
}

/** From 16.4 on, Next.js sets this before the path in the keys of pages. */
const KEY_PREFIX = /^\/route-cache\/[A-Z_]+\/[0-9a-f]+\/\$/;

/** Next.js's key of a page is its path; those of data are for machines. */
function describeEntry({ group, key }: Pick<TraceRead, 'group' | 'key'>): string {
  if (group === 'response') return `page ${shorten(key.replace(KEY_PREFIX, ''), LONGEST_KEY)}`;
  return `${group === 'use-cache' ? "'use cache' data" : group} ${shorten(key, 20)}`;
}

function describeKept(kept: TraceKept): string {
  const { revalidate } = kept;
  const period = revalidate === false ? 'without an end' : `for ${duration((revalidate ?? 0) * 1000)}`;
  const tags = kept.tags.filter(isOfApp);
  return `${describeEntry(kept)}: made anew, kept ${period}${tags.length === 0 ? '' : `, ${listTags(tags)}`}`;
}

function listTags(tags: readonly string[]): string {
  const shown = tags.slice(0, MOST_TAGS).map(describeTag).join(', ');
  return tags.length > MOST_TAGS ? `${shown} and ${tags.length - MOST_TAGS} more` : shown;
}

function callStep({ service, operation, subject, answer, hasFailed, milliseconds }: TraceCall): Omit<Step, 'where'> {
  const about = subject === undefined ? '' : ` (${subject})`;
  const text = `${SERVICES[service]} ${operation}${about}: ${answer}`;
  return { text, milliseconds, ...(hasFailed && { tone: 'failure' }) };
}

function describeAnswer({ status, nextCache, cacheControl }: TraceAnswered): string {
  const next = nextCache === undefined ? '' : `, Next.js says ${nextCache}`;
  const kept = cacheControl === undefined ? '' : `, Cache-Control: ${cacheControl}`;
  return `answered ${status}${next}${kept}`;
}
