import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { TraceCall, TraceKept, TraceLine, TraceNote, TraceRead } from '../../../contract';
import { cappedBecause, TraceConnection } from '../../../runtime/trace';
import { Site, type Task } from '../cache/fixture';

class Notes {
  readonly all: TraceNote[] = [];

  note(note: TraceNote): void {
    this.all.push(note);
  }

  /** The reads since the last call. */
  takeReads(): TraceRead[] {
    return this.all.splice(0).flatMap((note) => (note.kind === 'read' ? [note] : []));
  }
}

const KEY = '/products';
const TAG = 'products';

async function rendered(count = 1): Promise<{ site: Site; notes: Notes; tasks: Task[] }> {
  const notes = new Notes();
  const site = new Site('/nonexistent', notes);
  const tasks = await site.replicas(count);
  await site.run(async () => {
    await tasks[0]?.render(KEY, 'first', [TAG]);
    await tasks[0]?.cache.flush();
  });
  return { site, notes, tasks };
}

function taskOf(tasks: readonly Task[], index = 0): Task {
  const task = tasks[index];
  if (task === undefined) throw new Error('no such task');
  return task;
}

async function lookAfter(
  count: number,
  prepare: (site: Site, tasks: readonly Task[]) => Promise<unknown>,
  reader = 0,
): Promise<TraceRead> {
  const { site, notes, tasks } = await rendered(count);
  await site.run(() => prepare(site, tasks));
  notes.takeReads();
  await site.run(() => taskOf(tasks, reader).get(KEY));
  const [read, ...others] = notes.takeReads();
  if (read === undefined || others.length > 0) throw new Error(`one read was expected, not ${others.length + 1}`);
  return read;
}

const nothing = () => Promise.resolve();

describe('a traced cache', () => {
  it('says that nothing was there, and what was made', async () => {
    const { notes } = await rendered();
    const kept = notes.all.find((note): note is TraceKept => note.kind === 'kept');
    expect(kept).toMatchObject({
      group: 'response',
      key: KEY,
      revalidate: 60,
      tags: expect.arrayContaining([TAG]) as unknown,
    });
    expect(notes.takeReads()).toMatchObject([{ outcome: 'missing', key: KEY }]);
  });

  it('says what a store was asked and has answered', async () => {
    const { notes } = await rendered();
    const calls = notes.all.filter((note): note is TraceCall => note.kind === 'call');
    const said = calls.map(({ service, operation, answer }) => `${service} ${operation}: ${answer}`);
    expect(said).toContain('s3 GetObject: not there');
    expect(said).toContainEqual(expect.stringMatching(/^s3 PutObject: \d+ bytes written$/));
    expect(said).toContain('dynamodb Query: 0 tags');
  });

  it('names the layer of a hit', async () => {
    expect(await lookAfter(1, nothing)).toMatchObject({ outcome: 'fresh', layer: 'memory' });
    expect(await lookAfter(2, nothing, 1)).toMatchObject({ outcome: 'fresh', layer: 'store' });
  });

  it('names the tag that has expired an entry, and how long ago', async () => {
    const read = await lookAfter(1, async (site, tasks) => {
      await taskOf(tasks).revalidate(TAG);
      await site.time.sleep(400);
    });
    expect(read).toMatchObject({
      outcome: 'expired',
      renewal: 'here',
      cause: { kind: 'tag', tag: TAG, effect: 'expired' },
    });
    expect(read.cause?.milliseconds).toBeGreaterThanOrEqual(400);
  });

  it('names the tag by which an entry went stale', async () => {
    const read = await lookAfter(1, (_, tasks) => taskOf(tasks).revalidate(TAG, { expire: 3600 }));
    expect(read).toMatchObject({
      outcome: 'stale',
      renewal: 'here',
      cause: { kind: 'tag', tag: TAG, effect: 'stale' },
    });
  });

  it('names the period that has passed', async () => {
    const read = await lookAfter(1, (site) => site.time.sleep(65_000));
    expect(read).toMatchObject({ outcome: 'stale', cause: { kind: 'period', effect: 'stale', seconds: 60 } });
    expect(read.cause?.milliseconds).toBeGreaterThanOrEqual(5000);
  });

  it('says that another task regenerates what it serves', async () => {
    const read = await lookAfter(
      2,
      async (site, tasks) => {
        await taskOf(tasks, 1).get(KEY);
        await site.time.sleep(65_000);
        await taskOf(tasks).get(KEY);
      },
      1,
    );
    expect(read).toMatchObject({ outcome: 'retained', renewal: 'elsewhere', cause: { kind: 'period' } });
  });

  it("says why the store's entry is better than memory's", async () => {
    const read = await lookAfter(
      2,
      async (site, tasks) => {
        await taskOf(tasks, 1).get(KEY);
        await taskOf(tasks).revalidate(TAG);
        await taskOf(tasks).render(KEY, 'second', [TAG]);
        await taskOf(tasks).cache.flush();
        await site.time.sleep(2000);
      },
      1,
    );
    expect(read).toMatchObject({ outcome: 'fresh', layer: 'store', replaced: { kind: 'tag', tag: TAG } });
  });

  it('is no other class when nobody listens', async () => {
    const site = new Site();
    const [task] = await site.replicas(1);
    await site.run(async () => task?.get(KEY));
    expect(task?.count('miss')).toBe(1);
  });
});

describe('why an answer is capped', () => {
  const mirror = { loaded: true, skewed: false, age: 4000, current: () => false };

  it.each([
    ['unloaded', { loaded: false }, undefined],
    ['clock', { skewed: true }, 5000],
    ['view', {}, 4000],
    ['answer', { current: () => true }, undefined],
  ])('is because of %s', (because, changes, milliseconds) => {
    const note = cappedBecause({ ...mirror, ...changes } as unknown as Parameters<typeof cappedBecause>[0], 5000);
    expect([note.because, note.milliseconds]).toEqual([because, milliseconds]);
  });
});

describe('the connection to the local stack', () => {
  it('begins with the name of the task, then tells each note', async () => {
    const server = createServer();
    const lines: TraceLine[] = [];
    server.on('connection', (socket) => {
      createInterface({ input: socket }).on('line', (line) => lines.push(JSON.parse(line) as TraceLine));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const connection = new TraceConnection(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'replica-1');
    const note: TraceNote = { kind: 'capped', because: 'answer' };
    connection.note(note, 'one');
    connection.note(note);
    await expect.poll(() => lines).toEqual([{ kind: 'hello', task: 'replica-1' }, { request: 'one', note }, { note }]);
  });

  it('outlives whoever listened', async () => {
    const connection = new TraceConnection('127.0.0.1:1', 'replica-1');
    await new Promise(setImmediate);
    expect(() => {
      connection.note({ kind: 'capped', because: 'answer' }, 'one');
    }).not.toThrow();
  });
});
