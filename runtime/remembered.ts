/**
 * A pure function of a text that remembers what it made of the texts asked for last; that it made nothing (`undefined`) it does not remember.
 *
 * Two maps, of which the older goes when the younger is full: a hot path cannot afford the bookkeeping of a real LRU for what is this small.
 *
 * @param characters how long the remembered texts may be together
 */
export function remembered<Made extends object | string | undefined>(
  characters: number,
  make: (text: string) => Made,
): (text: string) => Made {
  let young = new Map<string, NonNullable<Made>>();
  let old = young;
  let length = 0;

  const remember = (text: string, made: NonNullable<Made>): void => {
    if (length > characters / 2) {
      old = young;
      young = new Map();
      length = 0;
    }
    young.set(text, made);
    length += text.length;
  };

  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const made = old.get(text) ?? make(text);
    if (made !== undefined) remember(text, made);
    return made;
  };
}
