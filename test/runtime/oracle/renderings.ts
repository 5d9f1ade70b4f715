/** Finds in a body the ids that a rendering leaves, each with the scope in which it is one of a series. */
export type FindIds = (body: string, path: string) => readonly RenderId[];

export interface RenderId {
  readonly id: string;
  readonly scope: string;
}

/**
 * One side's renderings, numbered within their scope in the order in which they are first shown. Two sides that show the same number
 * have rendered, or kept, at the same moments, although the ids themselves are random.
 */
export class Renderings {
  private readonly names = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  /** @param prerendered what the build made: ids in it are the same for both sides, and stay what they are */
  constructor(private readonly prerendered: string) {}

  /** The id's name; a new one where it was never seen. */
  nameOf({ id, scope }: RenderId): string {
    if (this.prerendered.includes(id)) return id;
    const known = this.names.get(`${scope} ${id}`);
    if (known !== undefined) return known;
    const count = (this.counts.get(scope) ?? 0) + 1;
    this.counts.set(scope, count);
    const name = `«${scope} ${String(count)}»`;
    this.names.set(`${scope} ${id}`, name);
    return name;
  }
}
