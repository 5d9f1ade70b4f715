import type { Contender, Ground } from '../harness/lab';
import type { BenchServer } from '../harness/server';

/** So many that concurrent requests are seldom for the same page: Next.js joins those, and asks the cache for the first one only. */
const PAGES = 64;
/** How long a server is asked before anything counts, in turns of so many milliseconds. */
const WARM_UP = { whole: { turns: 4, milliseconds: 5000 }, quick: { turns: 1, milliseconds: 3000 } };
/** A server that had nothing to do while others were measured has to find its way back. */
const LEAD_IN_MILLISECONDS = 1000;

/** Addresses of the pages that are hot. */
export function hotPages({ url }: BenchServer): readonly string[] {
  return Array.from({ length: PAGES }, (_, index) => `${url}/posts/hot-${index}`);
}

/**
 * The first renders make a process slower for good on Node.js 20: all have rendered before anything counts. And V8 goes on optimizing for
 * tens of thousands of requests, and drops some of it again while a server idles.
 *
 * @param longer by so many times
 */
export async function warmUp({ viewers, lab }: Ground, contenders: readonly Contender[], longer = 1): Promise<void> {
  for (const { server } of contenders) {
    for (const page of hotPages(server)) await server.warm(page.slice(server.url.length));
  }
  const { turns, milliseconds } = lab.quick ? WARM_UP.quick : WARM_UP.whole;
  for (let turn = 0; turn < turns * longer; turn += 1) {
    for (const { server } of contenders) await viewers.saturate(hotPages(server), milliseconds);
  }
}

/** As many requests for hot pages as there can be, once the server is back at it; and what CPU each took. */
export async function askHotPages(
  { viewers, lab }: Ground,
  server: BenchServer,
  milliseconds: number,
): Promise<{ readonly perSecond: number; readonly cpu: number }> {
  if (!lab.quick) await viewers.saturate(hotPages(server), LEAD_IN_MILLISECONDS);
  const before = server.cpu;
  const { answers, perSecond } = await viewers.saturate(hotPages(server), milliseconds);
  return { perSecond, cpu: (server.cpu - before) / answers };
}

/** Milliseconds that answers took at so many a second, once the server is back at it. */
export async function paceHotPages(
  { viewers }: Ground,
  server: BenchServer,
  perSecond: number,
  milliseconds: number,
): Promise<readonly number[]> {
  const took = await viewers.pace(hotPages(server), perSecond, LEAD_IN_MILLISECONDS + milliseconds);
  return took.slice(Math.ceil((perSecond * LEAD_IN_MILLISECONDS) / 1000));
}
