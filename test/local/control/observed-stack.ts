/** A stack of which a control server shows one request; it writes down what is ordered. */
export class ObservedStack {
  readonly orders: unknown[] = [];
  readonly metrics = { time: 1, traffic: [] };
  readonly tags = [{ tag: 'products', version: 1 }];
  private readonly listeners = new Set<(id: string) => void>();

  requests(limit: number): readonly unknown[] {
    return [{ id: 'one', limit }];
  }

  tryFindSummary(id: string): unknown {
    return id === 'a/b=' ? { id } : undefined;
  }

  tryFindRequest(id: string): unknown {
    return id === 'a/b=' ? { id, way: [] } : undefined;
  }

  onRequest(listener: (id: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  /** A request has ended. */
  tell(id: string): void {
    for (const listener of this.listeners) listener(id);
  }

  explain(path: string): Promise<unknown> {
    return Promise.resolve({ url: path, way: [] });
  }

  revalidate(order: { readonly tags?: readonly string[] }): Promise<readonly string[]> {
    this.orders.push(order);
    return Promise.resolve(order.tags ?? []);
  }
}
