import type { TraceNote } from '../../contract';
import type { BalancerEvent } from '../balancer';
import type { EdgeEvent } from '../edge';
import { isListed, summarize, trace } from './request-summary';
import type { Hop, RequestRecord, RequestSummary, RequestTrace } from './request-trace';
import { TagNames } from './tag-names';

/** Requests that are remembered. */
const CAPACITY = 500;

/** A request that reads more is cut: nobody would read on. */
const MOST_NOTES = 200;

const MOST_HOPS = 20;

/** Which task listens at an address now. */
export type TaskAt = (address: string) => string | undefined;

export interface RequestLogOptions {
  readonly taskAt: TaskAt;
  /** @default 500 */
  readonly capacity?: number;
}

/** The latest requests, put together from what edge, balancer and tasks tell of them, in whatever order they do. */
export class RequestLog {
  readonly names = new TagNames();
  private readonly records = new Map<string, RequestRecord>();
  private readonly listeners = new Set<(id: string) => void>();
  private readonly capacity: number;

  constructor(private readonly options: RequestLogOptions) {
    this.capacity = options.capacity ?? CAPACITY;
  }

  edge(event: EdgeEvent): void {
    const record = this.record(event.requestId);
    record.edge = event;
    this.tell(record);
  }

  balancer(event: BalancerEvent): void {
    const id = event.edgeRequestId ?? event.traceId;
    if (id === undefined) return;
    const record = this.record(id);
    if (record.hops.length < MOST_HOPS) record.hops.push(this.hop(event));
    this.tell(record);
  }

  note(task: string, id: string, note: TraceNote): void {
    if (note.kind === 'read' || note.kind === 'kept') this.names.learn(note.tags);
    const record = this.record(id);
    if (record.notes.length < MOST_NOTES || note.kind === 'answered') record.notes.push({ task, note });
    if (note.kind === 'answered') this.tell(record);
  }

  /** The latest first. */
  list(limit: number): RequestSummary[] {
    const listed = [...this.records.values()].filter(isListed);
    return listed
      .slice(-limit)
      .reverse()
      .map((record) => summarize(record, this.names));
  }

  tryFindSummary(id: string): RequestSummary | undefined {
    const record = this.records.get(id);
    return record && isListed(record) ? summarize(record, this.names) : undefined;
  }

  tryFind(id: string): RequestTrace | undefined {
    const record = this.records.get(id);
    return record && isListed(record) ? trace(record, this.names) : undefined;
  }

  /** Calls back with the id of each request that ended or of which more is known; the returned function ends that. */
  subscribe(listener: (id: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private hop(event: BalancerEvent): Hop {
    const task = event.target === undefined ? undefined : this.options.taskAt(event.target);
    return task === undefined ? event : { ...event, task };
  }

  private record(id: string): RequestRecord {
    const known = this.records.get(id);
    if (known !== undefined) return known;
    const record: RequestRecord = { id, hops: [], notes: [] };
    this.records.set(id, record);
    for (const oldest of this.records.keys()) {
      if (this.records.size <= this.capacity) break;
      this.records.delete(oldest);
    }
    return record;
  }

  private tell(record: RequestRecord): void {
    if (!isListed(record)) return;
    for (const listener of this.listeners) listener(record.id);
  }
}
