import type { Ground } from '../harness/lab';
import type { BenchServer } from '../harness/server';

/** So many that concurrent requests are seldom for the same page: Next.js joins those, and asks the cache for the first one only. */
const PAGES = 64;
/** V8 goes on optimizing for some thousand requests; all that comes before is slower, and not for all by as much. */
const WARM_UP_MILLISECONDS = { quick: 3000, whole: 6000 };

/** Addresses of the pages that are hot. */
export function hotPages({ url }: BenchServer): readonly string[] {
  return Array.from({ length: PAGES }, (_, index) => `${url}/posts/hot-${index}`);
}

/** The first renders make a process slower for good on Node.js 20: all have rendered before anything counts. */
export async function warmUp({ viewers, lab }: Ground, server: BenchServer): Promise<void> {
  for (const page of hotPages(server)) await server.warm(page.slice(server.url.length));
  await viewers.saturate(hotPages(server), lab.quick ? WARM_UP_MILLISECONDS.quick : WARM_UP_MILLISECONDS.whole);
}
