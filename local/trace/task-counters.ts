/** What the caches of all tasks have counted, over their restarts. */
export class TaskCounters {
  private readonly running = new Map<string, Readonly<Record<string, number>>>();
  private readonly ended = new Map<string, number>();

  /** A task begins again, and counts from zero. */
  start(task: string): void {
    for (const [name, value] of Object.entries(this.running.get(task) ?? {}))
      if (!isGauge(name)) this.ended.set(name, (this.ended.get(name) ?? 0) + value);
    this.running.set(task, {});
  }

  set(task: string, counters: Readonly<Record<string, number>>): void {
    this.running.set(task, counters);
  }

  of(task: string): Readonly<Record<string, number>> {
    return this.running.get(task) ?? {};
  }

  /** Sums by counter; gauges are each task's own and not among them. */
  get totals(): Record<string, number> {
    const totals = new Map(this.ended);
    for (const counters of this.running.values()) {
      for (const [name, value] of Object.entries(counters))
        if (!isGauge(name)) totals.set(name, (totals.get(name) ?? 0) + value);
    }
    return Object.fromEntries([...totals].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

/** docs/cache.md, "Counters". */
function isGauge(name: string): boolean {
  return /^(mirror\.(age|rows|skew)|memory\.|writes\.pending)|\.open$/.test(name);
}
