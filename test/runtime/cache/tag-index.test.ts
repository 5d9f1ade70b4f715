import { describe, expect, it } from 'vitest';

import { judgeTags, TagIndex } from '../../../runtime/cache/tag-index';
import { untouchedRow, type TagRow } from '../../../runtime/cache/tag-row';
import { applyRevalidation } from '../stores/map-stores';

const expired = (tag: string, at: number, row: TagRow = untouchedRow(tag)): TagRow =>
  applyRevalidation(row, { kind: 'expire' }, at);
const aged = (tag: string, at: number, expireSeconds: number, row: TagRow = untouchedRow(tag)): TagRow =>
  applyRevalidation(row, { kind: 'stale', expireSeconds }, at);
const saw = (versions: Record<string, number>, horizon = 0) => ({
  versions: new Map(Object.entries(versions)),
  horizon,
});

function indexOf(...rows: TagRow[]): TagIndex {
  const index = new TagIndex(100, 0, () => 0);
  for (const row of rows) index.apply(row);
  return index;
}

describe('judging by tags', () => {
  it('calls an entry fresh whose renderer had seen every revalidation', () => {
    expect(judgeTags(indexOf(expired('a', 50)), ['a'], saw({ a: 1 }), 100)).toMatchObject({
      state: 'fresh',
      moved: false,
    });
  });

  it('calls an entry expired whose renderer had not seen the last expiry, whatever clocks say', () => {
    expect(judgeTags(indexOf(expired('a', 50)), ['a'], saw({ a: 0 }, 1_000_000), 100).state).toBe('expired');
  });

  it('calls an entry stale that a profile aged, until its deadline', () => {
    const index = indexOf(aged('a', 1000, 60));
    expect(judgeTags(index, ['a'], saw({ a: 0 }), 2000)).toEqual({ state: 'stale', moved: true, until: 61_000 });
    expect(judgeTags(index, ['a'], saw({ a: 0 }), 61_000).state).toBe('expired');
  });

  it('does not let a later profile bring back what had expired', () => {
    const row = aged('a', 2000, 3600, expired('a', 1000));
    expect(judgeTags(indexOf(row), ['a'], saw({ a: 0 }), 3000).state).toBe('expired');
    expect(judgeTags(indexOf(row), ['a'], saw({ a: 1 }), 3000).state).toBe('stale');
  });

  it('compares tags without a version with how far the renderer had read', () => {
    const index = indexOf(expired('soft', 5000));
    expect(judgeTags(index, ['soft'], saw({}, 4999), 9000).state).toBe('expired');
    expect(judgeTags(index, ['soft'], saw({}, 5000), 9000).state).toBe('fresh');
  });

  it('sees an aging after the horizon of an entry that had seen the expiry before it', () => {
    const index = indexOf(aged('soft', 9000, 60, expired('soft', 5000)));
    expect(judgeTags(index, ['soft'], saw({}, 6000), 9500).state).toBe('stale');
  });
});

describe('the index of tag rows', () => {
  it('ignores a row that was read before a newer one', () => {
    const first = expired('a', 10);
    const index = indexOf(expired('a', 20, first), first);
    expect(index.find('a')?.version).toBe(2);
  });

  it('knows which version it had seen at a past moment', () => {
    let now = 0;
    const index = new TagIndex(100, 0, () => now);
    now = 10;
    index.apply(expired('a', 10));
    now = 20;
    index.apply(expired('a', 20, expired('a', 10)));
    expect([5, 10, 15, 20].map((moment) => index.versionAt('a', moment))).toEqual([0, 1, 1, 2]);
  });

  it('stays within its bound, and says up to when rows may be missing', () => {
    const index = new TagIndex(10, 0, () => 0);
    for (let tag = 0; tag < 100; tag += 1) index.apply(expired(`t${String(tag)}`, 1000 + tag));
    expect(index.size).toBe(10);
    expect(index.floor).toBe(1089);
    expect(index.versionAt('t3', 0)).toBeUndefined();
  });

  it('does not take in again what it had to drop', () => {
    const index = new TagIndex(10, 0, () => 0);
    for (let tag = 0; tag < 100; tag += 1) index.apply(expired(`t${String(tag)}`, 1000 + tag));
    index.apply(expired('t3', 1003));
    expect(index.find('t3')).toBeUndefined();
    expect(index.size).toBe(10);
  });

  it('has room for all that was asked for together, which is judged together', () => {
    const index = new TagIndex(2, 0, () => 0);
    index.apply(expired('a', 100));
    index.apply(expired('other', 200));
    index.remember(['a', 'b', 'c'], [expired('a', 100), expired('b', 300)]);
    expect(['a', 'b', 'c'].map((tag) => index.find(tag)?.version)).toEqual([1, 1, 0]);
    expect(index.find('other')).toBeUndefined();
  });

  it('says of which tags it cannot tell whether they were revalidated since an entry was made', () => {
    const index = new TagIndex(1, 0, () => 0);
    index.apply(expired('a', 100));
    index.apply(expired('b', 200));
    expect(index.unknown(['a', 'b'], { versions: new Map(), horizon: 100 })).toEqual(['a']);
    expect(index.unknown(['a', 'b'], { versions: new Map(), horizon: 101 })).toEqual([]);
  });

  it('remembers tags that have no row when it has asked for them', () => {
    const index = new TagIndex(10, 5000, () => 0);
    index.remember(['a', 'b'], [expired('a', 100)]);
    expect([index.find('a')?.version, index.find('b')?.version]).toEqual([1, 0]);
  });
});
