import { BORROWED, PAGES, sourcesOf, type Content, type Page } from './app';

/** A broken promise, in words. */
export class PromiseBroken extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PromiseBroken';
  }
}

/** A revalidation that its caller was told had succeeded. */
interface Revalidated {
  /** What it was for: answers show these editions or later ones. */
  readonly editions: Content;
  /** All of them, unless it was of a path. */
  readonly pages: readonly Page[];
  readonly doneAt: number;
  /** Whether nothing older may be served at all, or only not kept by the edge. */
  readonly expires: boolean;
}

/** The reference: the editions of the sources, and since when whom may be shown which. */
export class Reference {
  private readonly editions = new Map<string, number>();
  private readonly revalidated: Revalidated[] = [];
  broken: PromiseBroken | undefined;

  /** Content as somebody reads it now. */
  read(sources: readonly string[]): Content {
    return Object.fromEntries(sources.map((source) => [source, this.editions.get(source) ?? 0]));
  }

  readPage(page: Page): Content {
    return this.read(sourcesOf(page));
  }

  /** Changes sources, which is followed by a revalidation. */
  publish(sources: readonly string[]): Content {
    for (const source of sources) this.editions.set(source, (this.editions.get(source) ?? 0) + 1);
    return this.read(sources);
  }

  /** A revalidation has succeeded. */
  promise(editions: Content, doneAt: number, { pages = PAGES, expires = true }: Partial<Revalidated> = {}): void {
    this.revalidated.push({ editions, pages, doneAt, expires });
  }

  /** Holds content against the revalidations that were done before a moment. */
  check(page: Page, content: Content, doneBefore: number, where: string, expiriesOnly = false): void {
    for (const { editions, pages, doneAt, expires } of this.revalidated) {
      if (doneAt >= doneBefore || (expiriesOnly && !expires) || !pages.includes(page)) continue;
      if (pages !== PAGES && content[BORROWED] !== undefined) continue;
      for (const [source, edition] of Object.entries(editions)) {
        const shown = content[source];
        if (shown === undefined || shown >= edition) continue;
        this.broken ??= new PromiseBroken(
          `page ${page.name} shows ${source} ${String(shown)}, not ${String(edition)} revalidated at ${String(doneAt)}, ${where}`,
        );
      }
    }
  }
}
