import { setTimeout as delay } from 'node:timers/promises';

/** A page as a visitor got it, with everything that its HTML names. */
export interface Visit {
  readonly page: string;
  readonly startedAt: number;
  readonly status: number;
  /** Which release has rendered it. */
  readonly release?: string;
  /** Addresses of scripts, styles, fonts and pictures that it names and that are not there, with what was answered. */
  readonly missing: readonly string[];
}

/** What a browser would load of a page: `_next/static`, also as it stands in scripts, and optimised pictures. */
const ASSET = /\/_next\/(?:static\/[^"'\\<>\s,)?]+|image\?[^"'\\<>\s,]+)/g;
const PAUSE = 20;

/** Visitors of a site, one page after another, until they are told to stop. */
export class Visitors {
  private readonly visits: Visit[] = [];
  private readonly running: Promise<unknown>;
  private isOver = false;

  /** @param pages the pages of a visitor's n-th visit */
  constructor(
    private readonly url: string,
    count: number,
    private readonly pages: (visitor: number, turn: number) => string,
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
      this.visits.push(await visit(this.url, this.pages(visitor, turn)));
      await delay(PAUSE);
    }
  }
}

/** Loads a page, and then whatever its HTML names. */
export async function visit(site: string, page: string): Promise<Visit> {
  const startedAt = performance.now();
  const response = await fetch(new URL(page, site));
  const html = await response.text();
  const assets = new Set((html.match(ASSET) ?? []).map((address) => address.replaceAll('&amp;', '&')));
  const missing = await Promise.all([...assets].map((address) => findMissing(site, address)));
  return {
    page,
    startedAt,
    status: response.status,
    release: /data-release="(\w+)"/.exec(html)?.[1],
    missing: missing.flatMap((found) => found ?? []),
  };
}

async function findMissing(site: string, address: string): Promise<string | undefined> {
  const response = await fetch(new URL(address, site));
  await response.arrayBuffer();
  return response.ok ? undefined : `${response.status} ${address}`;
}
