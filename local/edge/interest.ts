/**
 * Whether somebody still waits for an answer.
 *
 * What an `AbortSignal` would tell, which takes longer to make than all else that a hit needs.
 */
export class Interest {
  private isLost = false;
  private readonly listeners = new Set<() => void>();

  get lost(): boolean {
    return this.isLost;
  }

  /** Nobody waits any more. */
  lose(): void {
    this.isLost = true;
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }

  /** Calls back when it is lost; the returned function ends that. */
  onLost(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
