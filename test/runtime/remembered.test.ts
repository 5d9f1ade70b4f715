import { describe, expect, it } from 'vitest';

import { remembered } from '../../runtime/remembered';

describe('a function that remembers', () => {
  it('makes of a text once what it is asked for again and again', () => {
    const asked: string[] = [];
    const upper = remembered(100, (text) => {
      asked.push(text);
      return text.toUpperCase();
    });
    expect([upper('a'), upper('b'), upper('a')]).toEqual(['A', 'B', 'A']);
    expect(asked).toEqual(['a', 'b']);
  });

  it('keeps what is asked for, however many others there are, and forgets the others', () => {
    const asked: string[] = [];
    const identity = remembered(100, (text) => {
      asked.push(text);
      return text;
    });
    for (let other = 0; other < 1000; other += 1) {
      identity('hot');
      identity(`other ${other}`);
    }
    expect(asked.filter((text) => text === 'hot')).toHaveLength(1);
    identity('other 0');
    expect(asked.filter((text) => text === 'other 0')).toHaveLength(2);
  });

  it('asks again where nothing was made', () => {
    let asked = 0;
    const nothing = remembered(100, (): string | undefined => {
      asked += 1;
      return undefined;
    });
    expect([nothing('a'), nothing('a')]).toEqual([undefined, undefined]);
    expect(asked).toBe(2);
  });
});
