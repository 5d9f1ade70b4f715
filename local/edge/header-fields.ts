/**
 * The header fields of a message: in order, duplicates kept, names in lower case as HTTP/2 has them.
 *
 * One flat array (name, value, name, value …) as Node.js reads and writes it: a hit costs no object per header.
 */
export class HeaderFields {
  /** From `rawHeaders` of a message. */
  static fromRaw(raw: readonly string[]): HeaderFields {
    const flat = new Array<string>(raw.length);
    for (let i = 0; i < raw.length; i += 2) {
      flat[i] = (raw[i] ?? '').toLowerCase();
      flat[i + 1] = raw[i + 1] ?? '';
    }
    return new HeaderFields(flat);
  }

  static of(fields: Readonly<Record<string, string>>): HeaderFields {
    return new HeaderFields(Object.entries(fields).flatMap(([name, value]) => [name.toLowerCase(), value]));
  }

  constructor(readonly flat: string[] = []) {}

  /** All values of a name, joined as HTTP allows. */
  get(name: string): string | undefined {
    let found: string | undefined;
    for (let i = 0; i < this.flat.length; i += 2) {
      if (this.flat[i] !== name) continue;
      const value = this.flat[i + 1] ?? '';
      found = found === undefined ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  append(name: string, value: string): this {
    this.flat.push(name, value);
    return this;
  }

  set(name: string, value: string): this {
    return this.delete(name).append(name, value);
  }

  delete(name: string): this {
    return this.retain((candidate) => candidate !== name);
  }

  /** Keeps the fields that the predicate says. */
  retain(predicate: (name: string, value: string) => boolean): this {
    const { flat } = this;
    let kept = 0;
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] ?? '';
      const value = flat[i + 1] ?? '';
      if (!predicate(name, value)) continue;
      flat[kept] = name;
      flat[kept + 1] = value;
      kept += 2;
    }
    flat.length = kept;
    return this;
  }

  copy(): HeaderFields {
    return new HeaderFields(this.flat.slice());
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.flat.length; i += 2) yield [this.flat[i] ?? '', this.flat[i + 1] ?? ''];
  }

  /** Roughly the bytes that the fields occupy. */
  get size(): number {
    let size = 0;
    for (const text of this.flat) size += text.length + 2;
    return size;
  }
}
