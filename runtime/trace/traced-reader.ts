import type { TraceCause, TraceRead } from '../../contract';
import type { TableClock } from '../cache/clock';
import type { HeldEntry } from '../cache/memory-layer';
import { Reader, type Found, type Lookup, type ReaderParts } from '../cache/reader';
import type { RequestState } from '../cache/request-state';
import { causeOf } from './cause';
import type { Trace } from './trace';

/** More tags of one entry would only fill the screen. */
const MOST_TAGS = 50;

/** A reader that says what it found, and why that was not better. */
export class TracedReader extends Reader {
  constructor(
    private readonly used: ReaderParts,
    private readonly tableClock: TableClock,
    private readonly trace: Trace,
  ) {
    super(used);
  }

  override async look(lookup: Lookup, state: RequestState): Promise<Found | undefined> {
    const startedAt = performance.now();
    const before = this.used.memory.get(lookup.objectKey);
    const found = await super.look(lookup, state);
    this.trace.note({
      kind: 'read',
      group: lookup.group,
      key: lookup.key,
      ...this.describe(lookup, before, found),
      tags: (found?.held.entry.tags ?? []).slice(0, MOST_TAGS),
      milliseconds: performance.now() - startedAt,
    });
    return found;
  }

  private describe(
    lookup: Lookup,
    before: HeldEntry | undefined,
    found: Found | undefined,
  ): Pick<TraceRead, 'outcome' | 'layer' | 'cause' | 'replaced' | 'renewal'> {
    const replaced =
      before !== undefined && before.entry !== found?.held.entry ? this.cause(lookup, before) : undefined;
    const earlier = replaced && { replaced };
    if (found === undefined) return { outcome: 'missing', ...earlier };
    const { held, freshness } = found;
    const layer = layerOf(held, before);
    if (freshness === 'fresh') return { outcome: 'fresh', layer, ...earlier };
    const cause = this.cause(lookup, held);
    return { outcome: freshness, layer, ...(cause && { cause }), renewal: this.renewal(lookup, freshness) };
  }

  /** Undefined for what is fresh. */
  private cause({ softTags, lifetime }: Lookup, { entry, ...held }: HeldEntry): TraceCause | undefined {
    const { assessor, index } = this.used;
    const { freshness } = assessor.assess({ ...held, entry }, softTags, lifetime);
    if (freshness === 'fresh') return undefined;
    return causeOf(index, { freshness, entry, softTags, lifetime, now: this.tableClock.now() });
  }

  private renewal({ regeneration, objectKey }: Lookup, freshness: Found['freshness']): TraceRead['renewal'] {
    if (regeneration === 'always') return 'reader';
    if (regeneration === 'never') return 'nobody';
    return freshness !== 'retained' || this.used.leases.holds(objectKey) ? 'here' : 'elsewhere';
  }
}

/** What was in memory before, or was made here meanwhile, is memory's. */
function layerOf(held: HeldEntry, before: HeldEntry | undefined): 'memory' | 'build' | 'store' {
  if (held.source === 'build') return 'build';
  return held.entry === before?.entry || held.source === 'local' ? 'memory' : 'store';
}
