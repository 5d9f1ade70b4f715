import { Header } from '../../contract';
import type { Counters } from '../counters';
import type { Log } from '../log';
import type { BuildOutput, HandlerOptions } from '../next/build-output';
import { manifestPathOf, type PrerenderManifest } from '../next/prerender-manifest';
import type { NextBehaviour } from '../next/versions';
import type { Assessor } from './assessor';
import type { Clock } from './clock';
import { tagsOfValue, type CacheControl, type CacheValue, type EntryGroup } from './entry';
import type { EntryKeys } from './entry-key';
import type { JoinedRevalidations } from './joined-revalidations';
import type { Keeper } from './keeper';
import type { HeldEntry } from './memory-layer';
import type { Presenter, Presented } from './presenter';
import type { Lookup, Reader } from './reader';
import type { RequestState, RequestStates } from './request-state';
import { ownTagOf, revalidationOf } from './tag-row';
import type { TagWriter } from './tag-writer';

/** What Next hands to the constructor, about three times a request. */
export interface SingularOptions extends HandlerOptions {
  readonly _requestHeaders?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Next's context of a `get`; which fields there are depends on the kind. */
export interface GetContext {
  readonly kind: string;
  readonly isFallback?: boolean;
  readonly isRoutePPREnabled?: boolean;
  readonly revalidate?: number | false;
  readonly tags?: readonly string[];
  readonly softTags?: readonly string[];
}

/** Next's context of a `set`. */
export interface SetContext {
  readonly fetchCache?: boolean;
  readonly kind?: string;
  readonly tags?: readonly string[];
  readonly cacheControl?: CacheControl;
}

/** Everything behind the handler: one a process, while Next makes and drops handlers by the request. */
export interface SingularParts {
  readonly states: RequestStates;
  readonly reader: Reader;
  readonly keeper: Keeper;
  readonly joined: JoinedRevalidations;
  readonly presenter: Presenter;
  readonly assessor: Assessor;
  readonly tagWriter: TagWriter;
  readonly keys: EntryKeys;
  readonly buildOutput: BuildOutput;
  readonly manifest: PrerenderManifest;
  readonly behaviour: NextBehaviour;
  readonly clock: Clock;
  /** Up to here a prerendered answer has seen revalidations. */
  readonly buildHorizon: number;
  readonly buildTime: number;
  readonly counters: Counters;
  readonly log: Log;
}

/** Makes Next's singular cache handler: pages, route handlers, Pages Router, fetches and images. */
export function createSingularHandler(parts: SingularParts) {
  return class FetchCache {
    private readonly headers: NonNullable<SingularOptions['_requestHeaders']>;
    private ownState: RequestState | undefined;

    constructor(private readonly options: SingularOptions) {
      this.headers = options._requestHeaders ?? {};
    }

    /** Never throws: that would be an answer of 500. */
    async get(key: string, context: GetContext): Promise<Presented | null> {
      try {
        const state = this.state();
        const group = groupOf(context.kind);
        return group === 'fetch'
          ? await this.getFetch(key, context, state)
          : await this.getResponse(group, key, context, state);
      } catch (error) {
        parts.log.error('cache.getFailed', { error });
        return null;
      }
    }

    async set(key: string, data: CacheValue | null, context: SetContext): Promise<void> {
      const state = this.state();
      const group =
        context.fetchCache === true || data?.kind === 'FETCH' ? 'fetch' : groupOf(context.kind ?? data?.kind ?? '');
      const objectKey = parts.keys.objectKey(group, key);
      const retainedFor = parts.presenter.retainedFor(objectKey, data, context.cacheControl, state);
      if (retainedFor !== undefined) {
        parts.keeper.retain(objectKey, retainedFor);
        return;
      }
      // A not-found after a store that did not answer says nothing about the app.
      if (data === null && state.isDegraded(key)) return;
      await this.keep(group, key, objectKey, data, context, state);
    }

    async revalidateTag(tags: string | readonly string[], durations?: { readonly expire?: number }): Promise<void> {
      const list = typeof tags === 'string' ? [tags] : [...tags];
      await revalidateOrFail(parts, this.state(), list, durations);
    }

    resetRequestCache(): void {
      // Next calls this for every request: what is cached belongs to the process and stays.
    }

    private state(): RequestState {
      return parts.states.current(() => (this.ownState ??= parts.states.detached()));
    }

    private async getResponse(
      group: EntryGroup,
      key: string,
      context: GetContext,
      state: RequestState,
    ): Promise<Presented | null> {
      const objectKey = parts.keys.objectKey(group, key);
      const lookup: Lookup = {
        group,
        key,
        objectKey,
        softTags: [],
        regeneration: this.isPrefetch(state) ? 'never' : this.isOnDemand() ? 'always' : 'leased',
        seed: group === 'image' ? undefined : () => this.readBuildOutput(key, context),
      };
      const found = await parts.reader.look(lookup, state);
      state.beginGeneration(key, []);
      state.beginJoinable();
      if (this.isOnDemand()) await parts.joined.begin(objectKey, state);
      if (found === undefined || (found.freshness === 'expired' && !this.mustStayKnown(key, context))) return null;
      return parts.presenter.response(key, objectKey, found, state);
    }

    /** Whether `null` would turn an expired answer into a 404, or into a fallback shell for ever (NextBehaviour.minusOneBlocks). */
    private mustStayKnown(key: string, context: GetContext): boolean {
      const path = manifestPathOf(key);
      if (parts.manifest.needsEntry(path) || parts.manifest.isNotFound(path)) return true;
      return parts.behaviour.minusOneBlocks && context.isRoutePPREnabled === true;
    }

    private async getFetch(key: string, context: GetContext, state: RequestState): Promise<Presented | null> {
      const objectKey = parts.keys.objectKey('fetch', key);
      const softTags = [...(context.tags ?? []), ...(context.softTags ?? [])];
      const lifetime = typeof context.revalidate === 'number' ? { revalidate: context.revalidate } : undefined;
      const lookup: Lookup = { group: 'fetch', key, objectKey, softTags, lifetime, regeneration: 'always' };
      const found = await parts.reader.look(lookup, state);
      state.beginGeneration(key, softTags);
      if (found === undefined || found.freshness === 'expired') return null;
      if (found.held.entry.value?.kind !== 'FETCH') return null;
      if (found.moved) state.use(found.held.entry, softTags);
      return parts.presenter.fetch(objectKey, found, context.revalidate, state);
    }

    private async readBuildOutput(key: string, context: GetContext): Promise<HeldEntry | undefined> {
      const prerendered = await parts.buildOutput.read(key, context, this.options);
      if (prerendered === undefined) return undefined;
      const { value, lifetime } = prerendered;
      const entry = {
        group: 'response' as const,
        key,
        value,
        tags: [...tagsOfValue(value), ownTagOf('response', key)],
        // The build knew no versions; it is compared by when it began.
        stamp: { versions: new Map<string, number>(), horizon: parts.buildHorizon },
        lastModified: parts.buildTime,
        // Next's own default: a fallback lasts, anything else is revalidated after a second.
        cacheControl: lifetime ?? { revalidate: context.isFallback === true ? (false as const) : 1 },
      };
      return { entry, etag: undefined, source: 'build', heldUntil: 0 };
    }

    private async keep(
      group: EntryGroup,
      key: string,
      objectKey: string,
      data: CacheValue | null,
      context: SetContext,
      state: RequestState,
    ): Promise<void> {
      const value = data === null ? null : withoutVerdict(data);
      const startedAt = state.generationStart(key);
      const softTags = group === 'fetch' ? state.softTagsOf(key) : [];
      const tags = group === 'fetch' ? (context.tags ?? []) : tagsOfValue(value);
      const cacheControl = context.cacheControl ?? lifetimeOf(data);
      const generated = { group, key, objectKey, value, tags, softTags, cacheControl, startedAt };
      const own = ownTagOf(group, key);
      state.renew(key);
      const entry = parts.keeper.entryOf(generated, state);
      if (this.isOnDemand()) await orFail([state], own, parts.keeper.keepOnDemand(objectKey, entry));
      else parts.keeper.keep(objectKey, entry);
      // The answer that waits for this `set` may have been rendered for longer than the view of the tags is good for.
      if (group !== 'fetch') await parts.reader.refresh(state, parts.clock.monotonic());
      const joined = parts.joined.settle(objectKey);
      if (joined.length > 0 && !this.isOnDemand()) await orFail(joined, own, parts.keeper.giveUp(objectKey, entry));
      const verdict = parts.assessor.verdictOf(entry, !parts.assessor.isExpired(entry));
      if (group !== 'image') state.context?.verdicts.push(verdict);
      if (group === 'response' && data !== null) parts.presenter.mark(data, verdict);
    }

    /** Whether Next works for `res.revalidate()`. */
    private isOnDemand(): boolean {
      const marker = this.headers['x-prerender-revalidate'];
      return marker !== undefined && marker === parts.manifest.previewModeId;
    }

    /** Whether Next takes the request for a prefetch and will not regenerate whatever `get` says. */
    private isPrefetch(state: RequestState): boolean {
      if (this.headers.purpose === 'prefetch') return true;
      return parts.behaviour.knowsRouterPrefetches && state.context?.routerPrefetch === true;
    }
  };
}

/** Writes revalidations; a failure is the caller's, and the answer of the request becomes an error. */
export async function revalidateOrFail(
  parts: Pick<SingularParts, 'tagWriter'>,
  state: RequestState,
  tags: readonly string[],
  durations: { readonly expire?: number } | undefined,
): Promise<void> {
  const revalidation = revalidationOf(durations);
  const due = state.notRevalidated(tags, revalidation);
  const write = parts.tagWriter.revalidate(due, revalidation).catch((error: unknown) => {
    if (state.context !== undefined) state.context.failedTagWrite = { tags: due, error };
    throw error;
  });
  // In a route handler Next answers without waiting for this.
  state.context?.holdAnswerFor(write);
  await write;
  state.noteRevalidated(due, revalidation);
}

/** A key's own row that could not be written fails the requests that revalidated it. */
async function orFail(states: readonly RequestState[], own: string, write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    for (const { context } of states) {
      if (context !== undefined) context.failedTagWrite = { tags: [own], error };
    }
    throw error;
  }
}

function groupOf(kind: string): EntryGroup {
  if (kind === 'FETCH') return 'fetch';
  return kind === 'IMAGE' ? 'image' : 'response';
}

/** Fetches and images carry their period in the value. */
function lifetimeOf(data: CacheValue | null): CacheControl | undefined {
  const revalidate = data?.revalidate;
  return typeof revalidate === 'number' || revalidate === false ? { revalidate } : undefined;
}

function withoutVerdict(data: CacheValue): CacheValue {
  if (data.headers?.[Header.VERDICT] === undefined) return data;
  const headers = Object.entries(data.headers).filter(([name]) => name !== Header.VERDICT);
  return { ...data, headers: Object.fromEntries(headers) };
}
