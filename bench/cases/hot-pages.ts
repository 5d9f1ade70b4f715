import type { Ground } from '../harness/lab';
import type { BenchServer } from '../harness/server';

/** So many that concurrent requests are seldom for the same page: Next.js joins those, and asks the cache for the first one only. */
const PAGES = 64;
const WARM_UP_MILLISECONDS = 1500;

/** Addresses of the pages that are hot. */
export function hotPages({ url }: BenchServer): readonly string[] {
  return Array.from({ length: PAGES }, (_, index) => `${url}/posts/hot-${index}`);
}

/** The first renders make a process slower for good on Node.js 20: all have rendered before anything counts. */
export async function warmUp({ viewers }: Ground, server: BenchServer): Promise<void> {
  for (const page of hotPages(server)) await server.warm(page.slice(server.url.length));
  await viewers.saturate(hotPages(server), WARM_UP_MILLISECONDS);
}
