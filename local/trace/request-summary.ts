import type { TraceAnswered } from '../../contract';
import { balancerSteps } from './balancer-steps';
import { describeRead, readWord } from './cache-words';
import { edgeReason, edgeSteps } from './edge-steps';
import type { RequestRecord, RequestSummary, RequestTrace, Step } from './request-trace';
import type { TagNames } from './tag-names';
import { taskSteps } from './task-steps';
import { shorten } from './text';

const LONGEST_URL = 2000;

/** An id that a task has made up: neither edge nor balancer will tell anything of that request. */
const OWN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether the first part on the request's way has told its end. */
export function isListed({ id, edge, hops, notes }: RequestRecord): boolean {
  if (edge !== undefined) return true;
  if (hops.some(({ edgeRequestId }) => edgeRequestId === undefined)) return true;
  return OWN_ID.test(id) && notes.some(({ note }) => note.kind === 'answered');
}

/** The request in a line. */
export function summarize(record: RequestRecord, names: TagNames): RequestSummary {
  const { id, edge, hops, notes } = record;
  const [hop] = hops;
  const answered = answerOf(record);
  const read = notes.flatMap(({ note }) => (note.kind === 'read' ? [note] : [])).find(({ group }) => group !== 'fetch');
  const task = notes[0]?.task ?? hop?.task;
  const first = edge ?? hop;
  const milliseconds = first?.total ?? answered?.milliseconds ?? 0;
  const isFromEdge = edge !== undefined && (edge.origin === undefined || read === undefined);
  return {
    id,
    time: first?.time ?? 0,
    method: first?.method ?? answered?.method ?? '',
    url: shorten(first?.url ?? answered?.url ?? '', LONGEST_URL),
    status: first?.status ?? answered?.status ?? 0,
    ...(edge && { result: edge.result, bytes: edge.bytes }),
    ...(read && { cache: readWord(read) }),
    ...(task !== undefined && { task }),
    firstByte: edge?.firstByte ?? hop?.targetFirstByte ?? milliseconds,
    milliseconds,
    reason: isFromEdge ? names.explain(edgeReason(edge)) : read ? describeRead(read) : (hop?.reason ?? ''),
  };
}

/** The request with its way. */
export function trace(record: RequestRecord, names: TagNames): RequestTrace {
  const { edge, hops, notes } = record;
  const isBehind = isAnsweredBefore(record);
  const asked = [...hops.flatMap(balancerSteps), ...taskSteps(notes)].map((step): Step =>
    isBehind ? { ...step, isBehind } : step,
  );
  const way = [...(edge ? edgeSteps(edge, names) : []), ...asked];
  return {
    ...summarize(record, names),
    way: [...way.filter((step) => !step.isBehind), ...way.filter((step) => step.isBehind)],
    isComplete: isComplete(record),
  };
}

/** Whether the edge answered out of its cache: what is asked for such a request is asked behind the answer. */
function isAnsweredBefore({ edge }: RequestRecord): boolean {
  return edge !== undefined && edge.origin === undefined && edge.result === 'Hit';
}

/** A task that noted anything will note the end. */
function isComplete({ notes }: RequestRecord): boolean {
  const tasks = new Set(notes.map(({ task }) => task));
  const ended = new Set(notes.flatMap(({ task, note }) => (note.kind === 'answered' ? [task] : [])));
  return tasks.size === ended.size;
}

function answerOf({ notes }: RequestRecord): TraceAnswered | undefined {
  return notes.flatMap(({ note }) => (note.kind === 'answered' ? [note] : []))[0];
}
