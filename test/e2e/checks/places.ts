/** Where in an app the checks find what they need. */
export interface Places {
  /** A prerendered page that nothing but a revalidation makes old. */
  readonly staticPage: string;
  /** A page that each visitor is rendered anew. */
  readonly dynamic: string;
  /** A page whose last part is the element with `data-part="3"`. */
  readonly streamed: string;
  /** A page that no build renders, kept once it was asked for. */
  readonly onDemand: string;
  /** An image in the app's public folder. */
  readonly picture: string;
  readonly tagged: TaggedPage;
  /** A server action that changes tagged data. */
  readonly action: Action;
  /** The body for the app's `POST /api/revalidate` that lets nobody see again what carries the tag. */
  readonly revalidation: (tag: string) => object;
}

/** A page that carries a tag. Pages say which rendering they are by an attribute `data-render-id`. */
export interface TaggedPage {
  readonly path: string;
  readonly tag: string;
}

export interface Action {
  /** A page out of the data. */
  readonly path: string;
  /** The attribute of the page that shows them. */
  readonly attribute: string;
  /** Sends the action's form, as a browser without JavaScript. */
  readonly send: (base: string, fetch: typeof globalThis.fetch) => Promise<Response>;
  /** What the answer says when the action was carried out. @default - nothing is said */
  readonly confirmation?: RegExp;
}
