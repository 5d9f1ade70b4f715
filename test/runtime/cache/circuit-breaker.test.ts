import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { CircuitBreaker, CircuitOpen } from '../../../runtime/cache/circuit-breaker';
import { systemClock } from '../../../runtime/cache/clock';

describe('the circuit breaker', () => {
  const changes: boolean[] = [];
  let now = 0;
  const breaker = new CircuitBreaker('s3', { ...systemClock, monotonic: () => now }, (open) => changes.push(open));

  /** A call that is answered when the test says so. */
  function call(): { readonly done: Promise<unknown>; succeed: () => unknown; fail: () => unknown } {
    const answer = new EventEmitter();
    const done = breaker.run(() => once(answer, 'end')).catch((error: unknown) => error);
    return { done, succeed: () => answer.emit('end'), fail: () => answer.emit('error', new Error('down')) };
  }

  it('opens when a store fails three times in a row, and tries it behind the callers that it refuses', async () => {
    for (let failure = 0; failure < 3; failure += 1) {
      expect(breaker.isOpen).toBe(false);
      const { done, fail } = call();
      fail();
      await done;
    }
    expect(changes).toEqual([true]);
    expect(await call().done).toBeInstanceOf(CircuitOpen);
    now += 500;
    const trial = call();
    expect(await trial.done).toBeInstanceOf(CircuitOpen);
    trial.succeed();
    await new Promise(setImmediate);
    expect(changes).toEqual([true, false]);
  });

  it('stays closed where the store says no: what it does not want of one caller says nothing about the others', async () => {
    const opened: boolean[] = [];
    const choosy = new CircuitBreaker(
      's3',
      systemClock,
      (open) => opened.push(open),
      () => false,
    );
    for (let refusal = 0; refusal < 5; refusal += 1) {
      await expect(choosy.run(() => Promise.reject(new Error('denied')))).rejects.toThrow('denied');
    }
    expect(await choosy.run(() => Promise.resolve('read'))).toBe('read');
    expect(opened).toEqual([]);
  });

  it('goes on reading where only writes fail', async () => {
    const opened: boolean[] = [];
    const breaker = new CircuitBreaker('s3', systemClock, (open) => opened.push(open));
    for (let write = 0; write < 5; write += 1) {
      await expect(breaker.insist(() => Promise.reject(new Error('slow down')))).rejects.toThrow('slow down');
    }
    expect(opened).toEqual([]);
  });

  it('does not open again for calls that began before the store answered', async () => {
    changes.length = 0;
    const hung = Array.from({ length: 8 }, call);
    now += 10;
    const answered = call();
    answered.succeed();
    await answered.done;
    for (const { fail } of hung) fail();
    await Promise.all(hung.map(({ done }) => done));
    expect(changes).toEqual([]);
  });

  it('does not close for a call that began before the store failed', async () => {
    changes.length = 0;
    const slow = call();
    now += 10;
    for (let failure = 0; failure < 3; failure += 1) {
      const { done, fail } = call();
      fail();
      await done;
    }
    slow.succeed();
    await slow.done;
    expect(changes).toEqual([true]);
  });
});
