import { LRUCache } from 'lru-cache';

/**
 * A pure function of a text that remembers what it made of the texts asked for last; that it made nothing (`undefined`) it does not remember.
 *
 * @param characters how long the remembered texts may be together
 */
export function remembered<Made extends object | string | undefined>(
  characters: number,
  make: (text: string) => Made,
): (text: string) => Made {
  const known = new LRUCache<string, NonNullable<Made>>({
    maxSize: characters,
    sizeCalculation: (_made, text) => text.length + 1,
  });
  return (text) => {
    const remembers = known.get(text);
    if (remembers !== undefined) return remembers;
    const made = make(text);
    if (made !== undefined) known.set(text, made);
    return made;
  };
}
