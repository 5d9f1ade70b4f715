import { describe, expect, it } from 'vitest';

import type { TraceCapped, TraceNote, TraceRead } from '../../../contract';
import type { BalancerEvent } from '../../../local/balancer';
import type { EdgeEvent } from '../../../local/edge';
import { balancerSteps } from '../../../local/trace/balancer-steps';
import { describeCap, describeRead } from '../../../local/trace/cache-words';
import { edgeSteps } from '../../../local/trace/edge-steps';
import { TagNames } from '../../../local/trace/tag-names';
import { taskSteps } from '../../../local/trace/task-steps';
import { duration, size } from '../../../local/trace/text';

const READ: TraceRead = {
  kind: 'read',
  group: 'response',
  key: '/products',
  outcome: 'fresh',
  tags: [],
  milliseconds: 1,
};
const EXPIRED_TAG = { kind: 'tag', tag: 'products', effect: 'expired', milliseconds: 400 } as const;
const STALE_PATH = { kind: 'tag', tag: '_N_T_/products', effect: 'stale', milliseconds: 3000 } as const;
const PERIOD = { kind: 'period', effect: 'stale', seconds: 60, milliseconds: 5000 } as const;
const END = { kind: 'period', effect: 'expired', seconds: 300, milliseconds: 90_000 } as const;

describe("the reason of a task's cache", () => {
  it.each<[said: string, read: Partial<TraceRead>]>([
    ['HIT memory', { layer: 'memory' }],
    ['HIT build output', { layer: 'build' }],
    ['HIT S3', { layer: 'store' }],
    ["HIT S3: newer than memory's, for tag `products` expired 0.4 s ago", { layer: 'store', replaced: EXPIRED_TAG }],
    ['MISS: no layer has it', { outcome: 'missing' }],
    [
      'MISS: tag `products` expired 0.4 s ago; regenerating here',
      { outcome: 'expired', layer: 'memory', cause: EXPIRED_TAG, renewal: 'here' },
    ],
    [
      'MISS: expired 90 s ago, after 5 min; its reader renews it',
      { outcome: 'expired', layer: 'store', cause: END, renewal: 'reader' },
    ],
    [
      'STALE: its period of 60 s passed 5 s ago; regenerating here',
      { outcome: 'stale', layer: 'memory', cause: PERIOD, renewal: 'here' },
    ],
    [
      'STALE: path /products went stale 3 s ago; not renewed for a prefetch',
      { outcome: 'stale', layer: 'memory', cause: STALE_PATH, renewal: 'nobody' },
    ],
    [
      'OLD: path /products went stale 3 s ago; another task regenerates it',
      { outcome: 'retained', layer: 'memory', cause: STALE_PATH, renewal: 'elsewhere' },
    ],
  ])('is said as "%s"', (said, read) => {
    expect(describeRead({ ...READ, ...read })).toBe(said);
  });

  it.each<[said: string, cap: Omit<TraceCapped, 'kind'>]>([
    ['capped at a second: the tags are not known yet', { because: 'unloaded' }],
    ['capped at a second: clock unsure, off by 5 min', { because: 'clock', milliseconds: -300_000 }],
    ['capped at a second: what is known of the tags is 4.2 s old', { because: 'view', milliseconds: 4200 }],
    ['capped at a second: it is old, or nothing proves that it is not', { because: 'answer' }],
  ])('is said of a short lifetime as "%s"', (said, cap) => {
    expect(describeCap({ kind: 'capped', ...cap })).toBe(said);
  });
});

const EDGE: EdgeEvent = {
  requestId: 'one',
  time: 0,
  method: 'GET',
  url: '/products',
  host: 'localhost',
  behavior: '*',
  status: 200,
  result: 'Miss',
  reason: 'kept for 60 s (s-maxage=60)',
  functions: [],
  firstByte: 10,
  total: 12,
  complete: true,
  bytes: 1234,
};

describe("the edge's steps", () => {
  const names = new TagNames();
  names.learn(['products']);

  it.each<[said: string, tone: string, event: Partial<EdgeEvent>]>([
    ['HIT: fresh for 12 s more (s-maxage=60)', 'hit', { result: 'Hit', reason: 'fresh for 12 s more (s-maxage=60)' }],
    ['STALE: stale for 3 s, refreshed behind', 'old', { result: 'Hit', reason: 'stale for 3 s, refreshed behind' }],
    ['COLLAPSED: collapsed with a request', 'hit', { result: 'Hit', reason: 'collapsed with a request' }],
    ['REFRESHED: the origin confirmed', 'hit', { result: 'RefreshHit', reason: 'the origin confirmed' }],
    ['MISS: not in the cache', 'miss', { absence: 'not in the cache' }],
    ['MISS: expired 3 s ago (s-maxage=1)', 'miss', { absence: 'expired 3 s ago (s-maxage=1)' }],
    [
      'MISS: invalidated 0.4 s ago by tag `products`',
      'miss',
      { absence: 'invalidated 0.4 s ago by #0a3e27b8ca818264' },
    ],
    ['BYPASS: not kept: POST is not a cached method', 'miss', { reason: 'not kept: POST is not a cached method' }],
    ['ERROR: no byte for 30 s', 'failure', { result: 'Error', status: 504, reason: 'no byte for 30 s' }],
    ['LEFT: the viewer left before the answer', 'failure', { status: 0, reason: 'the viewer left before the answer' }],
    [
      'FUNCTION: function Gate answered',
      'miss',
      { result: 'FunctionGeneratedResponse', reason: 'function Gate answered' },
    ],
  ])('say "%s"', (said, tone, event) => {
    const steps = edgeSteps({ ...EDGE, ...event }, names);
    expect(steps).toContainEqual({ where: 'edge', text: said, tone });
  });

  it('tell of behaviour, functions, key, origin and end in their order', () => {
    const run = { name: 'Clean', eventType: 'viewer-request', milliseconds: 0.2, logs: [] } as const;
    const origin = { originId: 'Service', address: '127.0.0.1:1', attempts: 2, firstByte: 8 };
    const event = {
      ...EDGE,
      functions: [run],
      key: '/products\naccept-encoding: br',
      origin,
      absence: 'not in the cache',
    };
    expect(edgeSteps(event, names).map(({ text }) => text)).toEqual([
      'behaviour * (the default)',
      'function Clean ran (viewer-request)',
      'cache key /products · accept-encoding: br',
      'MISS: not in the cache',
      'asked origin Service at 127.0.0.1:1, 2 attempts: first byte after 8 ms',
      'kept for 60 s (s-maxage=60)',
      'answered 200, 1.2 kB, first byte after 10 ms',
    ]);
  });
});

describe("the balancer's steps", () => {
  const HOP: BalancerEvent = {
    time: 0,
    method: 'GET',
    url: '/',
    host: 'localhost',
    listener: 80,
    rule: 'default',
    targetGroup: 'Web',
    status: 200,
    total: 5,
  };

  it('name rule, target group and task', () => {
    const hop = { ...HOP, rule: 10, target: '127.0.0.1:1', task: 'replica-2', targetFirstByte: 4 };
    expect(balancerSteps(hop).map(({ text }) => text)).toEqual([
      'listener 80, rule 10, target group Web → replica-2',
      'answered 200, first byte after 4 ms',
    ]);
  });

  it('say why the balancer has answered itself', () => {
    const steps = balancerSteps({ ...HOP, status: 503, reason: 'target group Web has no target to ask' });
    expect(steps.at(-1)).toEqual({
      where: 'balancer',
      text: 'answered 503 itself: target group Web has no target to ask',
      tone: 'failure',
    });
  });
});

describe("a task's steps", () => {
  const step = (note: TraceNote) =>
    taskSteps([
      { task: 'replica-1', note: READ },
      { task: 'replica-1', note },
    ])[1];

  it.each<[said: string, note: TraceNote]>([
    [
      'page /products: made anew, kept for 60 s, tag `products`',
      { kind: 'kept', group: 'response', key: '/products', tags: ['products', '_N_T_/products'], revalidate: 60 },
    ],
    [
      'fetch 0123456789: made anew, kept without an end',
      { kind: 'kept', group: 'fetch', key: '0123456789', tags: [], revalidate: false },
    ],
    [
      'S3 GetObject: not there',
      { kind: 'call', service: 's3', operation: 'GetObject', answer: 'not there', milliseconds: 2 },
    ],
    [
      'DynamoDB UpdateItem (products): expired, version 3',
      {
        kind: 'call',
        service: 'dynamodb',
        operation: 'UpdateItem',
        subject: 'products',
        answer: 'expired, version 3',
        milliseconds: 2,
      },
    ],
    [
      'answered 200, Next.js says HIT, Cache-Control: s-maxage=60',
      {
        kind: 'answered',
        method: 'GET',
        url: '/',
        status: 200,
        nextCache: 'HIT',
        cacheControl: 's-maxage=60',
        milliseconds: 9,
      },
    ],
  ])('say "%s"', (said, note) => {
    expect(step(note)?.text).toBe(said);
  });

  it('say of a page only its path, whatever Next.js sets before it', () => {
    const key = '/route-cache/APP_PAGE/0123456789abcdef/$/products';
    const [first] = taskSteps([{ task: 'replica-1', note: { ...READ, key } }]);
    expect(first?.text).toBe('page /products: HIT memory');
  });

  it('mark a call that has failed', () => {
    const call = { kind: 'call', service: 's3', operation: 'GetObject', answer: 'timeout', milliseconds: 9 } as const;
    expect(step({ ...call, hasFailed: true })).toMatchObject({ tone: 'failure' });
  });

  it('say when nothing was read at all', () => {
    const note = { kind: 'answered', method: 'GET', url: '/', status: 200, milliseconds: 9 } as const;
    expect(taskSteps([{ task: 'replica-1', note }])[0]?.text).toMatch(/^no cache entry was read/);
  });
});

describe('quantities', () => {
  it.each([
    [0.04, '0 ms'],
    [40.26, '40.3 ms'],
    [420, '0.4 s'],
    [12_300, '12 s'],
    [180_000, '3 min'],
    [7_200_000, '2 h'],
    [31_536_000_000, '365 days'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it.each([
    [812, '812 B'],
    [14_200, '14.2 kB'],
    [3_100_000, '3.1 MB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });
});
