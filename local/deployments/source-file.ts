/** A file that a deployment uploads. */
export interface SourceFile {
  /** Relative to the source's root, with `/`. */
  readonly path: string;
  readonly read: () => Promise<Buffer>;
}
