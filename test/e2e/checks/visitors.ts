import { setTimeout as delay } from 'node:timers/promises';

import type { ViewedSite } from './site';

/** A page as a visitor got it, with everything that its HTML names. */
export interface Visit {
  readonly page: string;
  readonly startedAt: number;
  /** 0 where there was no answer. */
  readonly status: number;
  /** Id of the build that has rendered it. */
  readonly build?: string;
  /** Addresses of scripts, styles, fonts and pictures that it names. */
  readonly files: readonly string[];
  /** Those of them that are not there, with what was answered. */
  readonly missing: readonly string[];
}

/** What a browser would load of a page: `_next/static`, also as it stands in scripts, and optimised pictures. */
const FILE = /\/_next\/(?:static\/[^"'\\<>\s,)?]+|image\?[^"'\\<>\s,]+)/g;
const PAUSE = 20;

/** Visitors of a site, one page after another, until they are told to stop. */
export class Visitors {
  private readonly visits: Visit[] = [];
  private readonly running: Promise<unknown>;
  private isOver = false;

  /**
   * @param pages the pages of a visitor's n-th visit
   * @param pause milliseconds between two visits
   */
  constructor(
    private readonly site: ViewedSite,
    count: number,
    private readonly pages: (visitor: number, turn: number) => string,
    private readonly pause = PAUSE,
  ) {
    this.running = Promise.all(Array.from({ length: count }, (_, visitor) => this.stroll(visitor)));
  }

  get count(): number {
    return this.visits.length;
  }

  /** Fulfilled with all of their visits. */
  async end(): Promise<readonly Visit[]> {
    this.isOver = true;
    await this.running;
    return this.visits;
  }

  private async stroll(visitor: number): Promise<void> {
    for (let turn = 0; !this.isOver; turn += 1) {
      this.visits.push(await visit(this.site, this.pages(visitor, turn)));
      await delay(this.pause);
    }
  }
}

/** Loads a page, and then whatever its HTML names. */
export async function visit(site: ViewedSite, page: string): Promise<Visit> {
  const startedAt = performance.now();
  const { status, body } = await load(site, page);
  const files = [...new Set((body.match(FILE) ?? []).map((address) => address.replaceAll('&amp;', '&')))];
  const missing = await Promise.all(files.map((file) => findMissing(site, file)));
  return {
    page,
    startedAt,
    status,
    build: buildOf(body),
    files,
    missing: missing.flatMap((found) => found ?? []),
  };
}

/** What a visitor would complain of. */
export function complain({ page, status, build = 'unknown', missing }: Visit): string[] {
  const found = status === 200 ? [] : [`${page} is answered with ${status}`];
  return [...found, ...missing.map((file) => `${page} of build ${build} names what is not there: ${file}`)];
}

/** Which build has rendered a page, its payload or its prefetch. Next.js makes the id of 21 letters where the app has none of its own. */
export function buildOf(body: string): string | undefined {
  return /\\?"(?:b|buildId)\\?":\\?"([\w-]{21})\\?"/.exec(body)?.[1];
}

/** A file that is not there, with what was answered in its place. */
export async function findMissing(site: ViewedSite, file: string): Promise<string | undefined> {
  const { status, body } = await load(site, file);
  if (status >= 200 && status < 300) return undefined;
  return status === 0 ? `${body} ${file}` : `${status} ${file}`;
}

/** A connection that breaks is as bad for a visitor as any error. */
async function load(
  { url, fetch }: ViewedSite,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await fetch(new URL(path, url));
    return { status: response.status, body: await response.text() };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return { status: 0, body: String(cause) };
  }
}
