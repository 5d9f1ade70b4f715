import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Revalidation, TagRow } from '../../../runtime/cache/tag-row';
import type { LeaseStore, TagStore } from '../../../runtime/stores/tag-store';
import type { Made } from './entry-store-contract';
import { MapTagStore } from './map-stores';

const TIMEOUT = 10_000;
const EXPIRE: Revalidation = { kind: 'expire' };
const STALE: Revalidation = { kind: 'stale' };
const within = (expireSeconds: number): Revalidation => ({ kind: 'stale', expireSeconds });

/** What every store of tag rows does: the embedded one, DynamoDB Local, DynamoDB itself. */
export function tagStoreContract(name: string, makeStore: () => Promise<Made<TagStore>>): void {
  describe(`tag store: ${name}`, () => {
    let made: Made<TagStore>;
    let store: TagStore;
    const tag = (): string => `tag-${randomBytes(8).toString('hex')}`;
    const revalidate = (of: string, how: Revalidation, at: number, known?: TagRow): Promise<TagRow> =>
      store.revalidate(of, how, { at, timeout: TIMEOUT }, known);

    beforeAll(async () => {
      made = await makeStore();
      store = made.store;
    });
    afterAll(async () => {
      await made.close();
    });

    it('counts revalidations and notes the last expiry', async () => {
      const of = tag();
      expect(await revalidate(of, EXPIRE, 1000)).toMatchObject({
        tag: of,
        version: 1,
        expiredVersion: 1,
        expiredAt: 1000,
      });
      expect(await revalidate(of, EXPIRE, 2000)).toMatchObject({
        version: 2,
        expiredVersion: 2,
        expiredAt: 2000,
        updatedAt: 2000,
      });
    });

    it('never takes an expiry back for a later stale revalidation', async () => {
      const of = tag();
      await revalidate(of, EXPIRE, 1000);
      expect(await revalidate(of, within(3600), 2000)).toMatchObject({
        version: 2,
        expiredVersion: 1,
        staleVersion: 2,
        deadlineVersion: 2,
        deadline: 3_602_000,
      });
    });

    it('makes a deadline that has passed an expiry before it takes the next', async () => {
      const of = tag();
      await revalidate(of, within(1), 1000);
      expect(await revalidate(of, within(3600), 5000)).toMatchObject({
        version: 2,
        expiredVersion: 1,
        staleVersion: 2,
        deadlineVersion: 2,
        deadline: 3_605_000,
      });
    });

    it('does not lower an expiry to a deadline that passed before it', async () => {
      const of = tag();
      await revalidate(of, within(1), 1000);
      await revalidate(of, EXPIRE, 1500);
      expect(await revalidate(of, within(1), 5000)).toMatchObject({
        version: 3,
        expiredVersion: 2,
        deadlineVersion: 3,
      });
    });

    it('ages without a deadline where the profile has none', async () => {
      const of = tag();
      expect(await revalidate(of, STALE, 1000)).toMatchObject({
        version: 1,
        staleVersion: 1,
        deadline: 0,
        expiredVersion: 0,
      });
    });

    it('does what the rules say, whatever the writer believed the row to be', async () => {
      const reference = new MapTagStore();
      const of = tag();
      const known: TagRow[] = [];
      const steps: Revalidation[] = [
        within(1),
        within(1),
        EXPIRE,
        within(2),
        STALE,
        within(1),
        within(10),
        EXPIRE,
        within(1),
      ];
      for (const [step, how] of steps.entries()) {
        const at = 1000 + step * 1700;
        const expected = await reference.revalidate(of, how, { at, timeout: TIMEOUT });
        const row = await revalidate(of, how, at, known[(step * 7) % Math.max(known.length, 1)]);
        expect(row).toEqual(expected);
        known.push(row);
      }
    });

    it('counts every one of many concurrent revalidations', async () => {
      const of = tag();
      await Promise.all(Array.from({ length: 20 }, (_, writer) => revalidate(of, EXPIRE, 1000 + writer)));
      expect(await store.rowsOf([of], TIMEOUT)).toMatchObject([{ version: 20, expiredVersion: 20 }]);
    });

    it('gives the rows that changed after a moment, at once', async () => {
      const [early, late] = [tag(), tag()];
      await revalidate(early, EXPIRE, 10_000_000);
      await revalidate(late, EXPIRE, 10_000_001);
      const tags = (await store.changedSince(10_000_000, TIMEOUT)).map((row) => row.tag);
      expect(tags).toContain(late);
      expect(tags).not.toContain(early);
    });

    it('gives the rows of many tags, those that exist', async () => {
      const tags = Array.from({ length: 250 }, tag);
      await Promise.all(tags.filter((_, position) => position % 2 === 0).map((of) => revalidate(of, EXPIRE, 1000)));
      const rows = await store.rowsOf([...tags, ...tags], TIMEOUT);
      expect(rows.map((row) => row.tag).sort()).toEqual(tags.filter((_, position) => position % 2 === 0).sort());
    });

    it('reads changes beyond one page', async () => {
      // Tags too long for a sort key stand in the row besides: 200 of them are more than a page of 1 MB.
      const tags = Array.from({ length: 200 }, (_, position) => `${'x'.repeat(8000)}-${String(position)}`);
      const at = 20_000_000;
      for (let start = 0; start < tags.length; start += 20) {
        await Promise.all(tags.slice(start, start + 20).map((of) => revalidate(of, EXPIRE, at)));
      }
      const rows = await store.changedSince(at - 1, TIMEOUT);
      expect(rows.filter((row) => row.updatedAt === at)).toHaveLength(tags.length);
    });

    it.each([
      ['any script', '価格/größe/😀'.repeat(20)],
      ['what looks like a key', 'a#b#lease#c'],
      ['more bytes than a sort key takes', 'ü'.repeat(700)],
    ])('takes tags of %s', async (_, of) => {
      const row = await revalidate(of, EXPIRE, 30_000_000);
      expect(row.tag).toBe(of);
      expect((await store.rowsOf([of], TIMEOUT)).map((each) => each.tag)).toEqual([of]);
      expect((await store.changedSince(29_999_999, TIMEOUT)).map((each) => each.tag)).toContain(of);
    });
  });
}

/** What every store of leases does. */
export function leaseStoreContract(name: string, makeStore: () => Promise<Made<LeaseStore>>): void {
  describe(`lease store: ${name}`, () => {
    let made: Made<LeaseStore>;
    let store: LeaseStore;
    const key = (): string => `lease-${randomBytes(8).toString('hex')}`;
    const acquire = (of: string, holder: string, at: number): Promise<boolean> =>
      store.acquire(of, holder, 1000, { at, timeout: TIMEOUT });

    beforeAll(async () => {
      made = await makeStore();
      store = made.store;
    });
    afterAll(async () => {
      await made.close();
    });

    it('gives a lease to one of many', async () => {
      const of = key();
      const taken = await Promise.all(Array.from({ length: 8 }, (_, holder) => acquire(of, String(holder), 5000)));
      expect(taken.filter(Boolean)).toHaveLength(1);
    });

    it('gives it on when it has ended', async () => {
      const of = key();
      await acquire(of, 'one', 5000);
      expect(await acquire(of, 'two', 5900)).toBe(false);
      expect(await acquire(of, 'two', 6001)).toBe(true);
    });

    it('gives it on when it was released', async () => {
      const of = key();
      await acquire(of, 'one', 5000);
      await store.release(of, 'one', TIMEOUT);
      expect(await acquire(of, 'two', 5001)).toBe(true);
    });

    it('lets nobody release the lease of another', async () => {
      const of = key();
      await acquire(of, 'one', 5000);
      await store.release(of, 'two', TIMEOUT);
      expect(await acquire(of, 'two', 5001)).toBe(false);
    });
  });
}
