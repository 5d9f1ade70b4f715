import type { Answered } from '../with-server';
import type { DifferenceName } from './differences';
import type { Side, SideOptions } from './side';

/** One request of a script, sent to plain Next and to the fleet. */
export interface Step {
  readonly title: string;
  /** The target without what tells representations apart: renderings are numbered by it. */
  readonly path: string;
  readonly ask: (side: Side) => Promise<Answered>;
  /** What has to be so before the step, given the folders in which the sides keep their data. */
  readonly before?: (scratch: readonly string[]) => Promise<void>;
  /** The documented differences that this answer shows; none: both sides say the same. */
  readonly differs: readonly DifferenceName[];
}

/** Text of the page for a router that knows nothing yet, of its prefetch, and of one segment of that. */
export const RSC = { rsc: '1' };
export const PREFETCH = { ...RSC, 'next-router-prefetch': '1' };
export const segment = (name: string): Record<string, string> => ({
  ...PREFETCH,
  'next-router-segment-prefetch': name,
});

export function get(title: string, target: string, options: SideOptions = {}): Step {
  return { title, path: pathOf(target), ask: (side) => side.ask(target, options), differs: [] };
}

/** As Next's router asks: with the `_rsc` that belongs to its headers, which the server itself tells to whom it does not fit. */
export function route(title: string, target: string, headers: Record<string, string> = RSC): Step {
  const ask = async (side: Side): Promise<Answered> => {
    const answer = await side.ask(target, { headers });
    const { location } = answer.headers;
    return answer.status === 307 && location?.includes('_rsc') === true ? side.ask(location, { headers }) : answer;
  };
  return { title, path: pathOf(target), ask, differs: [] };
}

/** With the entity tag of an answer that is asked for just before. */
export function revalidated(title: string, target: string): Step {
  const ask = async (side: Side): Promise<Answered> => {
    const { headers } = await side.ask(target);
    return side.ask(target, { headers: { 'if-none-match': headers.etag ?? 'none' } });
  };
  return { title, path: pathOf(target), ask, differs: [] };
}

/** What an earlier answer names: `find` tells the target from it. */
export function named(title: string, page: string, find: RegExp, name: (found: string) => string): Step {
  const ask = async (side: Side): Promise<Answered> => {
    const found = find.exec((await side.ask(page)).body)?.[1];
    if (found === undefined) throw new Error(`test/runtime/oracle: ${page} names nothing like ${String(find)}`);
    return side.ask(name(found));
  };
  return { title, path: page, ask, differs: [] };
}

export function post(title: string, target: string, body: unknown): Step {
  const headers = { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return get(title, target, { method: 'POST', headers, body: text });
}

/** The step with the differences that it shows. */
export function differing(step: Step, ...differs: readonly DifferenceName[]): Step {
  return { ...step, differs };
}

/** The step for a page whose period is so short that it may pass between two requests: asked until it has not. */
export function fresh(step: Step): Step {
  const ask = async (side: Side): Promise<Answered> => {
    const answer = await step.ask(side);
    return answer.headers['x-nextjs-cache'] === 'STALE' ? ask(side) : answer;
  };
  return { ...step, ask };
}

/** The step, once everything that was rendered before it is older than that. */
export function afterSeconds(seconds: number, step: Step): Step {
  return { ...step, before: () => new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 50)) };
}

function pathOf(target: string): string {
  return target.replace(/\?.*$/, '');
}
