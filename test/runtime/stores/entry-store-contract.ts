import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { EntryStore } from '../../../runtime/stores/entry-store';

/** What a suite runs against, and how it is cleaned up. */
export interface Made<Store> {
  readonly store: Store;
  close(): Promise<void> | void;
}

const TIMEOUT = 10_000;

/** What every store of entries does: the embedded one, moto, S3 itself. */
export function entryStoreContract(name: string, makeStore: () => Promise<Made<EntryStore>>): void {
  describe(`entry store: ${name}`, () => {
    let made: Made<EntryStore>;
    let store: EntryStore;
    const key = (): string => `contract/${randomBytes(8).toString('hex')}`;

    beforeAll(async () => {
      made = await makeStore();
      store = made.store;
    });
    afterAll(async () => {
      await made.close();
    });

    const put = async (objectKey: string, body: string | Buffer): Promise<string> => {
      const answer = await store.put(objectKey, Buffer.from(body), { ifAbsent: true }, TIMEOUT);
      if (answer === 'conflict') throw new Error('the key is taken');
      return answer.etag;
    };
    const bodyOf = async (objectKey: string): Promise<string | undefined> => {
      const object = await store.get(objectKey, TIMEOUT);
      return object === undefined || object === 'unchanged' ? undefined : object.body.toString();
    };

    it('gives nothing for an object that is not there', async () => {
      expect(await store.get(key(), TIMEOUT)).toBeUndefined();
    });

    it('gives back what was put, byte for byte', async () => {
      const objectKey = key();
      const body = randomBytes(200_000);
      const etag = await put(objectKey, body);
      expect(await store.get(objectKey, TIMEOUT)).toEqual({ body, etag });
    });

    it('says that an object is unchanged rather than send it again', async () => {
      const objectKey = key();
      const etag = await put(objectKey, 'one');
      expect(await store.get(objectKey, TIMEOUT, etag)).toBe('unchanged');
    });

    it('sends an object that changed since', async () => {
      const objectKey = key();
      const etag = await put(objectKey, 'one');
      await store.put(objectKey, Buffer.from('two'), { ifMatch: etag }, TIMEOUT);
      expect(await store.get(objectKey, TIMEOUT, etag)).toMatchObject({ body: Buffer.from('two') });
    });

    it('does not make an object where there is one', async () => {
      const objectKey = key();
      await put(objectKey, 'one');
      expect(await store.put(objectKey, Buffer.from('two'), { ifAbsent: true }, TIMEOUT)).toBe('conflict');
      expect(await bodyOf(objectKey)).toBe('one');
    });

    it('does not replace an object that was replaced meanwhile', async () => {
      const objectKey = key();
      const first = await put(objectKey, 'one');
      await store.put(objectKey, Buffer.from('two'), { ifMatch: first }, TIMEOUT);
      expect(await store.put(objectKey, Buffer.from('three'), { ifMatch: first }, TIMEOUT)).toBe('conflict');
      expect(await bodyOf(objectKey)).toBe('two');
    });

    it('does not replace an object that is gone', async () => {
      expect(
        await store.put(key(), Buffer.from('one'), { ifMatch: '"0123456789abcdef0123456789abcdef"' }, TIMEOUT),
      ).toBe('conflict');
    });

    it('lets one of many writers make an object', async () => {
      const objectKey = key();
      const bodies = Array.from({ length: 10 }, (_, writer) => `writer ${String(writer)}`);
      const answers = await Promise.all(
        bodies.map((body) => store.put(objectKey, Buffer.from(body), { ifAbsent: true }, TIMEOUT)),
      );
      const winners = bodies.filter((_, writer) => answers[writer] !== 'conflict');
      expect(winners).toHaveLength(1);
      expect(await bodyOf(objectKey)).toBe(winners[0]);
    });

    it('takes an object of 20 MB', async () => {
      const objectKey = key();
      const body = Buffer.alloc(20 * 1024 * 1024, 7);
      await put(objectKey, body);
      const object = await store.get(objectKey, TIMEOUT);
      expect(object !== undefined && object !== 'unchanged' && object.body.equals(body)).toBe(true);
    });
  });
}
