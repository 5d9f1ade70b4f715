import type { ViewedSite } from './site';
import { until } from './until';

/** What the checks read of an answer. */
export interface Answer {
  /** Its address, where redirects have led. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

type RequestHeaders = Readonly<Record<string, string>>;

const HIT = 'Hit from cloudfront';

export async function ask({ url, fetch }: ViewedSite, path: string, headers: RequestHeaders = {}): Promise<Answer> {
  const response = await fetch(new URL(path, url), { headers });
  return { url: response.url, status: response.status, headers: response.headers, body: await response.text() };
}

export function isHit({ headers }: Answer): boolean {
  return headers.get('x-cache') === HIT;
}

export interface KeptAnswer {
  readonly answer: Answer;
  /** How many times it was asked for until the edge had it. A place of CloudFront's is many machines, which do not all know at once. */
  readonly requests: number;
}

/** Asks until the edge answers by itself, and not only for the second that it keeps what is not certainly fresh. */
export async function untilKept(site: ViewedSite, path: string, headers?: RequestHeaders): Promise<KeptAnswer> {
  let requests = 0;
  const kept = await until(async () => {
    requests += 1;
    const answer = await ask(site, path, headers);
    return isHit(answer) && answer.headers.get('cache-control') !== 's-maxage=1' ? answer : undefined;
  });
  if (kept) return { answer: kept, requests };
  throw new Error(`the edge does not keep ${path}: none of ${requests} answers was a hit`);
}

/** Which rendering of a page this is. */
export function renderIdOf({ url, body }: Answer): string {
  const [, id] = /\sdata-render-id="([^"]+)"/.exec(body) ?? [];
  if (id === undefined) throw new Error(`${url} has no data-render-id: ${body.slice(0, 500)}`);
  return id;
}

/** An address of the page's that no edge knows, and that is the same page to Next.js. */
export function pastEdge(path: string): string {
  return `${path}?past-edge=${crypto.randomUUID()}`;
}
