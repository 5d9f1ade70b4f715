/** What an answer was made of: for each source the number of the edition that was read. */
export type Content = Readonly<Record<string, number>>;

/**
 * Marks content with data that Next looked up for another page: it joins lookups of one key, whatever the pages' soft tags, so that
 * such data may be older than a `revalidatePath` of this page. The handler is not asked and cannot know; one process of plain Next
 * does the same.
 */
export const BORROWED = 'borrowed';

/** A datum that pages are made of; its content is its sources', read at one moment, and that of the fetch which it makes. */
export interface Datum {
  readonly name: string;
  readonly kind: 'fetch' | 'use-cache';
  /** Each is a tag, too. */
  readonly sources: readonly string[];
  readonly over?: Datum;
}

export interface Page {
  readonly name: string;
  readonly kind: 'APP_PAGE' | 'PAGES';
  readonly data: readonly Datum[];
  /** Sources that the page reads by itself, without tags, as Pages Router pages do: only `res.revalidate()` renews them. */
  readonly untagged: readonly string[];
}

export const SOURCES = ['red', 'green', 'blue'] as const;

const red: Datum = { name: 'fetch-red', kind: 'fetch', sources: ['red'] };
const greenBlue: Datum = { name: 'fetch-green-blue', kind: 'fetch', sources: ['green', 'blue'] };
const redBlue: Datum = { name: 'use-red-blue', kind: 'use-cache', sources: ['red', 'blue'] };
const green: Datum = { name: 'use-green', kind: 'use-cache', sources: ['green'] };
const nested: Datum = { name: 'use-red-over-green-blue', kind: 'use-cache', sources: ['red'], over: greenBlue };

/** Pages over 'use cache' data and fetches, over tags; every datum is in several pages. */
export const PAGES = [
  { name: '/a', kind: 'APP_PAGE', data: [red, green], untagged: [] },
  { name: '/b', kind: 'APP_PAGE', data: [redBlue, greenBlue], untagged: [] },
  { name: '/c', kind: 'APP_PAGE', data: [redBlue, red, nested], untagged: [] },
  { name: '/on-demand', kind: 'PAGES', data: [], untagged: ['plain'] },
] as const satisfies readonly Page[];

/** The sources of all that a page is made of. */
export function sourcesOf(page: Page): string[] {
  const data = page.data.flatMap((datum) => [datum, ...(datum.over === undefined ? [] : [datum.over])]);
  return [...new Set([...data.flatMap((datum) => datum.sources), ...page.untagged])];
}

/** The tags that Next gives to everything in a page: of its path and of its layout. */
export function softTagsOf(page: Page): string[] {
  return page.kind === 'PAGES' ? [] : [LAYOUT_TAG, pathTagOf(page)];
}

/** The tags that a page's entry has: its data's and its own. */
export function tagsOf(page: Page): string[] {
  return [...page.data.flatMap(tagsOfDatum), ...softTagsOf(page)];
}

export function tagsOfDatum({ sources, over }: Datum): string[] {
  return [...new Set([...sources, ...(over === undefined ? [] : tagsOfDatum(over))])];
}

export const LAYOUT_TAG = '_N_T_/layout';

/** What `revalidatePath` revalidates. */
export function pathTagOf(page: Page): string {
  return `_N_T_${page.name}`;
}

/** A page as an entry. Those of the Pages Router carry no tags. */
export function valueOf(page: Page, content: Content) {
  const { kind } = page;
  const headers: Record<string, unknown> = kind === 'PAGES' ? {} : { 'x-next-cache-tags': tagsOf(page).join(',') };
  return { kind, html: JSON.stringify(content), headers, status: 200 };
}
