import { describe, expect, it } from 'vitest';

import type { TraceNote } from '../../../contract';
import type { BalancerEvent } from '../../../local/balancer';
import type { EdgeEvent } from '../../../local/edge';
import { RequestLog } from '../../../local/trace/request-log';
import { TaskCounters } from '../../../local/trace/task-counters';
import { Traffic } from '../../../local/trace/traffic';

function edgeEvent(requestId: string, changes: Partial<EdgeEvent> = {}): EdgeEvent {
  return {
    requestId,
    time: 1000,
    method: 'GET',
    url: '/products',
    host: 'localhost',
    behavior: '*',
    status: 200,
    result: 'Miss',
    reason: 'kept for 60 s',
    absence: 'not in the cache',
    functions: [],
    origin: { originId: 'Service', address: '127.0.0.1:1', attempts: 1, firstByte: 8 },
    firstByte: 10,
    total: 12,
    complete: true,
    bytes: 100,
    ...changes,
  };
}

function hop(changes: Partial<BalancerEvent>): BalancerEvent {
  return {
    time: 1000,
    method: 'GET',
    url: '/products',
    host: 'localhost',
    listener: 80,
    rule: 'default',
    target: '127.0.0.1:2',
    status: 200,
    total: 9,
    ...changes,
  };
}

const READ: TraceNote = {
  kind: 'read',
  group: 'response',
  key: '/products',
  outcome: 'expired',
  layer: 'memory',
  cause: { kind: 'tag', tag: 'products', effect: 'expired', milliseconds: 400 },
  renewal: 'here',
  tags: ['products'],
  milliseconds: 1,
};
const ANSWERED: TraceNote = { kind: 'answered', method: 'GET', url: '/products', status: 200, milliseconds: 8 };

function createLog(capacity?: number): RequestLog {
  return new RequestLog({
    taskAt: (address) => (address === '127.0.0.1:2' ? 'replica-2' : undefined),
    ...(capacity && { capacity }),
  });
}

describe('the request log', () => {
  it('puts a request together from its parts, in whatever order they tell', () => {
    const log = createLog();
    log.note('replica-2', 'one', READ);
    log.balancer(hop({ edgeRequestId: 'one' }));
    expect(log.list(10)).toEqual([]);
    log.edge(edgeEvent('one'));
    expect(log.list(10)).toMatchObject([
      {
        id: 'one',
        result: 'Miss',
        cache: 'MISS',
        task: 'replica-2',
        reason: expect.stringContaining('`products`') as string,
      },
    ]);
    expect(log.tryFind('one')).toMatchObject({ isComplete: false });
    log.note('replica-2', 'one', ANSWERED);
    const trace = log.tryFind('one');
    expect(trace?.isComplete).toBe(true);
    expect([...new Set(trace?.way.map(({ where }) => where))]).toEqual(['edge', 'balancer', 'replica-2']);
  });

  it('tells what happened behind the answer apart', () => {
    const log = createLog();
    log.edge(edgeEvent('one', { result: 'Hit', reason: 'stale for 1 s, refreshed behind', origin: undefined }));
    log.balancer(hop({ edgeRequestId: 'one' }));
    const behind = log.tryFind('one')?.way.filter(({ isBehind }) => isBehind);
    expect(behind?.map(({ where }) => where)).toEqual(['balancer', 'balancer']);
  });

  it('tells what a task does after its answer apart', () => {
    const log = createLog();
    log.edge(edgeEvent('one'));
    const put = {
      kind: 'call',
      service: 's3',
      operation: 'PutObject',
      answer: '9 bytes written',
      milliseconds: 2,
    } as const;
    for (const note of [READ, ANSWERED, put]) log.note('replica-2', 'one', note);
    expect(log.tryFind('one')?.way.at(-1)).toMatchObject({ text: 'S3 PutObject: 9 bytes written', isBehind: true });
  });

  it('knows requests without an edge by the id that the balancer gives them', () => {
    const log = createLog();
    log.balancer(hop({ traceId: 'Root=1-2-3' }));
    log.note('replica-2', 'Root=1-2-3', READ);
    expect(log.list(10)).toMatchObject([{ id: 'Root=1-2-3', cache: 'MISS', task: 'replica-2' }]);
  });

  it('knows requests that went straight to a task', () => {
    const log = createLog();
    const id = '00000000-0000-4000-8000-000000000000';
    log.note('replica-1', id, READ);
    expect(log.list(10)).toEqual([]);
    log.note('replica-1', id, ANSWERED);
    expect(log.list(10)).toMatchObject([{ id, url: '/products', task: 'replica-1' }]);
  });

  it('remembers the latest requests only, the latest first', () => {
    const log = createLog(3);
    for (const id of ['a', 'b', 'c', 'd']) log.edge(edgeEvent(id));
    expect(log.list(10).map(({ id }) => id)).toEqual(['d', 'c', 'b']);
    expect(log.list(1).map(({ id }) => id)).toEqual(['d']);
    expect(log.tryFind('a')).toBeUndefined();
  });

  it('cuts the notes of a request that reads without end, but not its end', () => {
    const log = createLog();
    log.edge(edgeEvent('one'));
    for (let count = 0; count < 1000; count++) log.note('replica-2', 'one', READ);
    log.note('replica-2', 'one', ANSWERED);
    expect(log.tryFind('one')?.way.length).toBeLessThan(300);
    expect(log.tryFind('one')?.isComplete).toBe(true);
  });

  it('calls back when a request has ended or more is known, until that is not wanted any more', () => {
    const log = createLog();
    const told: string[] = [];
    const stop = log.subscribe((id) => told.push(id));
    log.edge(edgeEvent('one'));
    log.note('replica-2', 'one', ANSWERED);
    stop();
    log.edge(edgeEvent('two'));
    expect(told).toEqual(['one', 'one']);
  });
});

describe('traffic', () => {
  it('counts by the second, with median and 95th percentile', () => {
    let now = 10_500;
    const traffic = new Traffic(() => now);
    for (let request = 1; request <= 100; request++) {
      traffic.add({ isHit: request <= 75, isError: request === 100, firstByte: request });
    }
    now = 11_000;
    traffic.add({ isHit: true, isError: false, firstByte: 1 });
    expect(traffic.seconds).toEqual([
      { time: 10_000, requests: 100, hits: 75, errors: 1, median: 50, percentile95: 95 },
      { time: 11_000, requests: 1, hits: 1, errors: 0, median: 1, percentile95: 1 },
    ]);
  });

  it('forgets what is five minutes ago', () => {
    let now = 0;
    const traffic = new Traffic(() => now);
    traffic.add({ isHit: true, isError: false, firstByte: 1 });
    now = 301_000;
    expect(traffic.seconds).toEqual([]);
  });
});

describe("the tasks' counters", () => {
  it('sum over tasks and their restarts, gauges apart', () => {
    const counters = new TaskCounters();
    counters.start('replica-1');
    counters.set('replica-1', { 'hit.memory': 3, 'memory.bytes': 100 });
    counters.start('replica-1');
    counters.set('replica-1', { 'hit.memory': 1, 'memory.bytes': 50 });
    counters.set('replica-2', { 'hit.memory': 2, miss: 1 });
    expect(counters.totals).toEqual({ 'hit.memory': 6, miss: 1 });
    expect(counters.of('replica-1')).toEqual({ 'hit.memory': 1, 'memory.bytes': 50 });
  });
});
