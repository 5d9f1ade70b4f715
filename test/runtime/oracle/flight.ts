/**
 * React's payload, free of the moments at which its parts were ready. React sends a tree in rows, numbers them as they come, and puts whatever
 * is not ready yet into a row of its own: one and the same page is cut differently by a data source that is a millisecond slower.
 * So rows are put back where they are referred to: https://github.com/facebook/react/blob/main/packages/react-client/src/ReactFlightClient.js
 */
export function wholeFlight(payload: string | Buffer): string {
  return JSON.stringify(assembled(Buffer.from(payload)), undefined, 1);
}

/** The page with its payload, which the document carries in pieces as they came, put together behind it. */
export function wholeDocument(html: string): string {
  const pieces: Buffer[] = [];
  const document = html.replace(/<script>self\.__next_f\.push\((\[[13],.*?\])\)<\/script>/gs, (_, piece: string) => {
    const [kind, content] = JSON.parse(piece) as [kind: number, content: string];
    pieces.push(Buffer.from(content, kind === 3 ? 'base64' : 'utf8'));
    return '';
  });
  return pieces.length === 0 ? html : `${withHolesFilled(document)}\n${wholeFlight(Buffer.concat(pieces))}`;
}

/** A part that comes too late for its place is sent behind, with a script that moves it there. */
const LATE_PART = /<div hidden id="S:(\w+)">(.*?)<\/div><script[^>]*>.*?\$RC\("B:\1","S:\1"\)<\/script>/gs;
const TIMING_OF_LATE_PARTS =
  /<script[^>]*>requestAnimationFrame\(function\(\)\{\$RT=performance\.now\(\)\}\);<\/script>/;

function withHolesFilled(document: string): string {
  const parts = new Map<string, string>();
  const rest = document.replace(LATE_PART, (_, id: string, part: string) => {
    parts.set(id, part);
    return '';
  });
  const filled = rest.replace(
    /<!--\$\?--><template id="B:(\w+)"><\/template>(.*?)<!--\/\$-->/gs,
    (hole: string, id: string) => (parts.has(id) ? `<!--$-->${parts.get(id) ?? ''}<!--/$-->` : hole),
  );
  return filled.replace(TIMING_OF_LATE_PARTS, '');
}

function assembled(payload: Buffer): unknown {
  const { numbered, hints } = rowsOf(payload);
  const root = numbered.get('0');
  return root === undefined ? payload.toString() : { root: new Assembly(numbered).whole(root), hints: hints.sort() };
}

interface Rows {
  readonly numbered: ReadonlyMap<string, unknown>;
  /** Rows without a number: what the browser is to preload. */
  readonly hints: string[];
}

/** A row: its number, for what is not JSON a letter of its kind, and its content. */
const ROW = /^([0-9a-f]*):([A-Z]*)(.*)$/s;
/** A row whose content goes by its length in bytes: a text (`T`), or a part of a stream of bytes. */
const MEASURED_ROW = /^([0-9a-f]+):([To])([0-9a-f]+),/;
const LONGEST_OPENING = 32;
/** Next sends the payload of a page with holes as such a stream inside of another payload, after a mark of one byte. */
const MARKS = Buffer.from('#~');

function rowsOf(payload: Buffer): Rows {
  const numbered = new Map<string, unknown>();
  const streams = new Map<string, Buffer[]>();
  const hints: string[] = [];
  for (let rest = withoutMark(payload); rest.length > 0;) {
    const measured = MEASURED_ROW.exec(rest.toString('latin1', 0, LONGEST_OPENING));
    if (measured !== null) {
      const [opening, id = '', kind, length = ''] = measured;
      const end = opening.length + parseInt(length, 16);
      const content = rest.subarray(opening.length, end);
      if (kind === 'T') numbered.set(id, content.toString());
      else streams.set(id, [...(streams.get(id) ?? []), content]);
      rest = rest.subarray(end);
      continue;
    }
    const end = (rest.indexOf('\n') + 1 || rest.length + 1) - 1;
    const [row, id = '', kind = '', content = ''] = ROW.exec(rest.toString('utf8', 0, end)) ?? [];
    if (row === undefined) throw new Error(`test/runtime/oracle: no row of React's: ${rest.toString('utf8', 0, 200)}`);
    const value = valueOf(kind, content);
    if (id === '') hints.push(kind + content);
    // A stream of values has a row for each of them.
    else numbered.set(id, numbered.has(id) ? { before: numbered.get(id), then: value } : value);
    rest = rest.subarray(end + 1);
  }
  for (const [id, parts] of streams) numbered.set(id, { stream: assembled(Buffer.concat(parts)) });
  return { numbered, hints };
}

/** An import (`I`) refers to rows as the tree does; marks of streams are left as they are. */
function valueOf(kind: string, content: string): unknown {
  if (kind === '') return JSON.parse(content) as unknown;
  return { [kind]: kind === 'I' ? (JSON.parse(content) as unknown) : content };
}

function withoutMark(payload: Buffer): Buffer {
  return MARKS.includes(payload.subarray(0, 1)) ? payload.subarray(1) : payload;
}

/** A reference: to a row, or to a part of one that was sent before. */
const REFERENCE = /^\$[@LQWhrx]?([0-9a-f]+)((?::[^:]+)*)$/;
/** What a reference calls the parts of an element, `["$", type, key, props]`. */
const ELEMENT = new Map([
  ['type', 1],
  ['key', 2],
  ['props', 3],
]);

class Assembly {
  private readonly open = new Set<string>();

  constructor(private readonly rows: ReadonlyMap<string, unknown>) {}

  whole(value: unknown): unknown {
    if (typeof value === 'string') return this.referred(value);
    if (Array.isArray(value)) return value.map((item) => this.whole(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.whole(item)]));
  }

  private referred(text: string): unknown {
    const [, row = '', path = ''] = REFERENCE.exec(text) ?? [];
    if (!this.rows.has(row) || this.open.has(text)) return text;
    this.open.add(text);
    const part = path
      .split(':')
      .slice(1)
      .reduce((value, name) => this.part(value, name), this.rows.get(row));
    const whole = this.whole(part);
    this.open.delete(text);
    return whole;
  }

  private part(value: unknown, name: string): unknown {
    const [, row = '', path = ''] = REFERENCE.exec(typeof value === 'string' ? value : '') ?? [];
    const found = path === '' && this.rows.has(row) ? this.rows.get(row) : value;
    const key = Array.isArray(found) && found[0] === '$' ? (ELEMENT.get(name) ?? name) : name;
    return (found as Record<string | number, unknown> | undefined)?.[key];
  }
}
