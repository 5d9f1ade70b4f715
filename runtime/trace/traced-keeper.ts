import type { Entry } from '../cache/entry';
import { Keeper, type KeeperParts } from '../cache/keeper';
import type { Trace } from './trace';

/** A keeper that says what was made. */
export class TracedKeeper extends Keeper {
  constructor(
    parts: KeeperParts,
    private readonly trace: Trace,
  ) {
    super(parts);
  }

  override keep(objectKey: string, entry: Entry): void {
    this.tell(entry);
    super.keep(objectKey, entry);
  }

  override async keepOnDemand(objectKey: string, entry: Entry): Promise<void> {
    this.tell(entry);
    await super.keepOnDemand(objectKey, entry);
  }

  private tell({ group, key, tags, cacheControl }: Entry): void {
    this.trace.note({
      kind: 'kept',
      group,
      key,
      tags,
      ...(cacheControl !== undefined && { revalidate: cacheControl.revalidate }),
    });
  }
}
