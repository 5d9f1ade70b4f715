import { prepareExample } from '../../fixtures/prepare';
import { submit } from './form';
import type { FindIds } from './renderings';
import type { Session } from './session';
import { differing, get, PREFETCH, revalidated, route, segment } from './step';

/** A page shows the id of each cached value in it. A value may be shown by several pages; that of the seats is one of each line's. */
const findIds: FindIds = (body, path) => {
  const shown = body.matchAll(/data-render-id"?[:=]\s*"([0-9a-f]{8})",?\s*"?data-of"?[:=]\s*"(\w+)"/g);
  return [...shown].map(([, id = '', of = '']) => ({ id, scope: of === 'Seats' ? `Seats of ${path}` : of }));
};

const MAKES_VALUE = { makesValue: true };
const MAKES_SHELL = { makesShell: true };

/** How many seats are free is a matter of chance, and belongs to the id of the value. */
function settle(body: string): string {
  return body.replace(/data-free="\d+">\d+|"data-free": \d+,\s*"children": \d+/g, '«free»');
}

export const useCache: Session = {
  prepare: () => prepareExample('use-cache'),
  longestPeriod: 0,
  findIds,
  settle,
  steps: [
    get('a page with a hole', '/'),
    get('its shell is the same for the next one', '/'),
    get('for somebody with a cookie', '/', { headers: { cookie: 'passenger=Nora' } }),
    get('its HEAD', '/', { method: 'HEAD' }),
    route('its payload', '/'),
    route('its segment tree', '/', segment('/_tree')),
    route('a segment of its shell', '/', segment('/__PAGE__')),
    get("a page with 'use cache: remote' in its hole", '/lines/north', MAKES_VALUE),
    get('the same value from the next replica', '/lines/north'),
    get('and from the one after that', '/lines/north'),
    route('its payload, with the same value', '/lines/north'),
    get('a page whose shell no build renders', '/lines/mail', { ...MAKES_VALUE, ...MAKES_SHELL }),
    get('its shell, once it is rendered', '/lines/mail'),
    get('the same from the next replica', '/lines/mail'),
    route('its segment tree', '/lines/mail', segment('/_tree')),
    get('a line that there is not', '/lines/none', MAKES_SHELL),
    differing(get('the same again', '/lines/none'), 'not-found-capped'),
    get('a page without holes', '/desk'),
    get('its HEAD', '/desk', { method: 'HEAD' }),
    revalidated('its 304', '/desk'),
    get('a metadata route', '/icon.svg'),
    get('an unknown path', '/nowhere'),
    submit("updateTag of a 'use cache: remote' value", '/desk', 'id="recount"', { line: 'north' }),
    get('its page has a new one', '/lines/north', MAKES_VALUE),
    get('the same from the next replica', '/lines/north'),
    get('another line keeps its own', '/lines/mail'),
    submit("revalidateTag with 'max' of a value in a shell", '/desk', 'id="reprint"', {}),
    get('the old shell', '/'),
    get('the new one', '/'),
    get('the same from the next replica', '/'),
    // Of a shell that the build has rendered there is none: whether it still is that one depends on how long ago the build was.
    route('its prefetch', '/', PREFETCH),
    submit('updateTag of it', '/desk', 'id="replace"', {}),
    get('the new shell at once', '/'),
    get('the same from the next replica', '/'),
    submit('a cookie', '/desk', 'id="board"', { name: 'Nora' }),
    get('the page without it', '/'),
  ],
};
