import type { Answered } from '../with-server';
import { wholeDocument, wholeFlight } from './flight';
import type { FindIds, RenderId, Renderings } from './renderings';

/** An answer, free of what two right answers cannot have in common. */
export interface Shape {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Headers of the connection and of the moment. `Date` is the clock. `Connection` and `Keep-Alive` speak of the socket to the next hop, which
 * is a viewer for one side and a load balancer for the other. How the length is told is compared by the body itself.
 */
const NOT_COMPARED = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

/** Moments of rendering, in the forms in which the examples print them: they belong to the ids, which are compared. */
const MOMENTS = [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, /\d{4}-\d\d-\d\d/g, /\d\d:\d\d:\d\d/g];
/** The same as a number, which it has to stay for the payload to be read. */
const NUMBERED_MOMENT = /(?<=data-at\\?"?[:=]\s*\\?"?)\d{13}/g;

export interface ShapeOptions {
  readonly path: string;
  readonly renderings: Renderings;
  readonly findIds: FindIds;
  /** Rewrites what an app makes depend on the moment in a way of its own. */
  readonly settle?: (body: string) => string;
}

export function shapeOf(answer: Answered, { path, renderings, findIds, settle }: ShapeOptions): Shape {
  const { status } = answer;
  // Before anything else: rows tell their length.
  let body = whole(answer.body, typeOf(answer));
  for (const found of [...findIds(body, path), ...requestIds(body, path)])
    body = body.replaceAll(found.id, renderings.nameOf(found));
  for (const moment of MOMENTS) body = body.replace(moment, '«time»');
  body = body.replace(NUMBERED_MOMENT, '0');
  return { status, headers: headersOf(answer, path, renderings), body: settle?.(body) ?? body };
}

/** The id that Next gives to a request, as it shows in the keys of a dynamic page's parts. */
function requestIds(body: string, path: string): readonly RenderId[] {
  const ids = [...body.matchAll(/"([\w-]{21})[vm]\\?"/g)].map(([, id = '']) => id);
  return [...new Set(ids)].map((id) => ({ id, scope: `request of ${path}` }));
}

function whole(body: string, type: string): string {
  if (type.startsWith('text/x-component')) return wholeFlight(body);
  return type.startsWith('text/html') ? wholeDocument(body) : body;
}

function typeOf({ headers }: Answered): string {
  return headers['content-type'] ?? '';
}

function headersOf(answer: Answered, path: string, renderings: Renderings): Record<string, string> {
  const { headers } = answer;
  // A page is as long as its payload's rows are many (flight.ts).
  const isPage = /^text\/(html|x-component)/.test(typeOf(answer));
  const compared = Object.entries(headers).filter(
    ([name]) => !NOT_COMPARED.has(name) && !(isPage && name === 'content-length'),
  );
  return Object.fromEntries(
    compared.map(([name, value]) => {
      const text = Array.isArray(value) ? value.join('; ') : String(value);
      return [name, name === 'etag' ? etag(text, path, renderings, headers['content-type']) : text];
    }),
  );
}

/** A page's entity tag is a hash of its body, ids included, so it changes when they do. Other answers have no ids in them. */
function etag(text: string, path: string, renderings: Renderings, contentType = 'text/html'): string {
  if (!/html|x-component|json/.test(contentType)) return text;
  return renderings.nameOf({ id: text, scope: `etag of ${path} ${contentType}` });
}
