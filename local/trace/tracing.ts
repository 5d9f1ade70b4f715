import { TRACE_VARIABLE } from '../../contract';
import type { BalancerEvent } from '../balancer';
import type { EdgeEvent } from '../edge';
import { NoteReceiver } from './note-receiver';
import { RequestLog, type TaskAt } from './request-log';
import { TaskCounters } from './task-counters';
import { Traffic } from './traffic';

/** Watches a stack's requests on their way: hears of each part what it did, and counts. */
export class Tracing {
  static async start(taskAt: TaskAt): Promise<Tracing> {
    const tracing = new Tracing(taskAt);
    await tracing.receiver.listen();
    return tracing;
  }

  readonly requests: RequestLog;
  readonly traffic = new Traffic();
  readonly counters = new TaskCounters();
  private readonly receiver: NoteReceiver;

  private constructor(taskAt: TaskAt) {
    this.requests = new RequestLog({ taskAt });
    this.receiver = new NoteReceiver({
      note: (task, request, note) => {
        this.requests.note(task, request, note);
      },
      started: (task) => {
        this.counters.start(task);
      },
      counters: (task, counters) => {
        this.counters.set(task, counters);
      },
    });
  }

  /** The variables of the tasks by which they tell what they do. */
  get environment(): Record<string, string> {
    return { [TRACE_VARIABLE]: this.receiver.address };
  }

  /** A request has passed the edge. */
  readonly edge = (event: EdgeEvent): void => {
    this.requests.edge(event);
    const { result, status, firstByte } = event;
    this.traffic.add({ isHit: result === 'Hit', isError: status >= 500, firstByte });
  };

  /** A request has passed the balancer. */
  readonly balancer = (event: BalancerEvent): void => {
    this.requests.balancer(event);
    // What came through the edge is counted there.
    if (event.edgeRequestId !== undefined) return;
    this.traffic.add({ isHit: false, isError: event.status >= 500, firstByte: event.targetFirstByte ?? event.total });
  };

  async close(): Promise<void> {
    await this.receiver.close();
  }
}
