import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { prepareExample } from '../../fixtures/prepare';
import { call, submit } from './form';
import type { FindIds } from './renderings';
import type { Session } from './session';
import {
  afterSeconds,
  differing,
  fresh,
  get,
  named,
  post,
  PREFETCH,
  revalidated,
  route,
  RSC,
  segment,
  type Step,
} from './step';

/** A page shows one id, of its own rendering. */
const findIds: FindIds = (body, scope) => {
  const ids = [...body.matchAll(/(?:data-render-id|"renderId)\\?"?[:=]\s*\\?"([0-9a-f]{8})/g)].map(([, id = '']) => id);
  return [...new Set(ids)].map((id) => ({ id, scope }));
};

/** The workshop's notes stand in an order that the clock makes: numbered in the order in which they stand. */
const NOTE_TITLES = /(?<=[>"])(?:Kiln|Loom|Bench|Glass|Wax|Clock)(?=[<"\\])/g;
const NOTES = /(?:Firing eleven|Forty metres|The ash for|Three carafes|A new batch|Perron sent word)[^<"\\]*/g;

function settle(body: string): string {
  const numbered = (pattern: RegExp, text: string): string => {
    const seen: string[] = [];
    return text.replace(pattern, (note) => {
      if (!seen.includes(note)) seen.push(note);
      return `«${String(seen.indexOf(note) + 1)}»`;
    });
  };
  return numbered(NOTES, numbered(NOTE_TITLES, body));
}

const IMAGE = '/_next/image?url=%2Fpictures%2Fash-bowl.jpg&w=256&q=75';
const GZIP = { 'accept-encoding': 'gzip' };
const again = (step: Step): Step => ({ ...step, title: `${step.title}, again` });

const staticPages: readonly Step[] = [
  get('a static page', '/'),
  again(get('a static page', '/')),
  get('its HEAD', '/', { method: 'HEAD' }),
  get('its HEAD, compressed', '/', { method: 'HEAD', headers: GZIP }),
  revalidated('its 304', '/'),
  get('with the entity tag of something else', '/', { headers: { 'if-none-match': '"other"' } }),
  get('with a query', '/?from=mail'),
  differing(get('its payload, asked for without _rsc', '/', { headers: RSC }), 'redirect-private'),
  route('its payload', '/'),
  route('its prefetch', '/', PREFETCH),
  route('its segment tree', '/', segment('/_tree')),
  route('a segment', '/', segment('/__PAGE__')),
  differing(route('a segment that it does not have', '/', segment('/nowhere')), 'not-found-capped'),
  differing(get('with Authorization', '/', { headers: { authorization: 'Bearer a' } }), 'one-viewer'),
  get('POST to it', '/', { method: 'POST' }),
  get('another static page', '/gallery'),
  route('its payload', '/gallery'),
  differing(get('with a slash behind', '/gallery/'), 'redirect-private'),
  differing(get('with two slashes before', '//gallery'), 'redirect-private'),
];

const files: readonly Step[] = [
  get('a metadata route', '/icon.svg'),
  revalidated('its 304', '/icon.svg'),
  get('a file of public/', '/pictures/ash-bowl.jpg'),
  revalidated('its 304', '/pictures/ash-bowl.jpg'),
  get('a part of it', '/pictures/ash-bowl.jpg', { headers: { range: 'bytes=0-9' } }),
  get('its HEAD', '/pictures/ash-bowl.jpg', { method: 'HEAD' }),
  named('a script of the build', '/', /(\/_next\/static\/[^"]+?\.js)/, (script) => script),
  get("a build's file that is not there", '/_next/static/nowhere.js'),
  get('an image', IMAGE),
  again(get('an image', IMAGE)),
  revalidated('its 304', IMAGE),
  get('its HEAD', IMAGE, { method: 'HEAD' }),
  get('the image as WebP', IMAGE, { headers: { accept: 'image/webp,*/*' } }),
  again(get('the image as WebP', IMAGE, { headers: { accept: 'image/webp,*/*' } })),
  differing(get('an image in a size that is not allowed', IMAGE.replace('w=256', 'w=1')), 'lifetime-unsaid'),
  differing(get('an image of nothing', '/_next/image?url=%2Fnowhere.jpg&w=256&q=75'), 'lifetime-unsaid'),
];

const periods: readonly Step[] = [
  differing(get('an ISR page whose period has passed', '/news'), 'stale-capped'),
  fresh(get('once it is rendered', '/news')),
  afterSeconds(5, differing(route('its prefetch, after its period', '/news', PREFETCH), 'stale-capped')),
  differing(get('the page, which no prefetch has renewed', '/news'), 'stale-capped'),
  fresh(get('once it is rendered', '/news')),
];

const onDemand: readonly Step[] = [
  differing(get('a prerendered page whose period has passed', '/products/morning-mug'), 'stale-capped'),
  get('once it is rendered', '/products/morning-mug'),
  again(get('once it is rendered', '/products/morning-mug')),
  route('its payload', '/products/morning-mug'),
  route('its segment tree', '/products/morning-mug', segment('/_tree')),
  get('a page that no build renders', '/products/rosehip-carafe'),
  again(get('a page that no build renders', '/products/rosehip-carafe')),
  get('with a query', '/products/rosehip-carafe?from=mail'),
  route('its payload', '/products/rosehip-carafe'),
  route('its prefetch', '/products/rosehip-carafe', PREFETCH),
  revalidated('its 304', '/products/rosehip-carafe'),
  get('the HEAD of another, before anything else', '/products/dusk-vase', { method: 'HEAD' }),
  get('the page', '/products/dusk-vase'),
  route('the payload of a third, before its page', '/products/moss-lamp'),
  get('its page', '/products/moss-lamp'),
  differing(get('a product that there is not', '/products/none'), 'not-found-capped'),
  again(differing(get('a product that there is not', '/products/none'), 'not-found-capped')),
  differing(route('its payload', '/products/none'), 'not-found-capped'),
  {
    ...differing(get('a page out of data that has changed since the build', '/products/meadow-vase'), 'stale-capped'),
    before: async (scratch) => {
      for (const folder of scratch.map((each) => path.join(each, 'storefront-stock'))) {
        await mkdir(folder, { recursive: true });
        await writeFile(path.join(folder, 'meadow-vase'), '7');
      }
    },
  },
  differing(get('once it is rendered', '/products/meadow-vase'), 'build-data'),
];

const pagesRouter: readonly Step[] = [
  differing(get('a page of the Pages Router whose period has passed', '/legacy'), 'stale-capped'),
  get('once it is rendered', '/legacy'),
  again(get('once it is rendered', '/legacy')),
  revalidated('its 304', '/legacy'),
  get('its HEAD', '/legacy', { method: 'HEAD' }),
  named('its data', '/legacy', /"buildId":"([^"]+)"/, (build) => `/_next/data/${build}/legacy.json`),
  get('its data of another build', '/_next/data/other/legacy.json'),
  post('revalidatePath of it', '/api/revalidate', { path: '/legacy' }),
  get('the page, which nothing but its period renews', '/legacy'),
];

const dynamic: readonly Step[] = [
  get('a page that reads a cookie', '/account'),
  get('for somebody who has one', '/account', { headers: { cookie: 'storefront-name=Nora' } }),
  route('its payload', '/account', { ...RSC, cookie: 'storefront-name=Nora' }),
  get('a streamed page', '/stream'),
  route('its payload', '/stream'),
  get('a page that asks for the connection', '/stock'),
  differing(get('a route handler', '/api/stock'), 'lifetime-unsaid'),
  differing(get('its HEAD', '/api/stock', { method: 'HEAD' }), 'lifetime-unsaid'),
  get('a method that it does not have', '/api/stock', { method: 'DELETE' }),
  get('OPTIONS of it', '/api/stock', { method: 'OPTIONS' }),
  get('an unknown path', '/nowhere'),
  route('its payload', '/nowhere'),
  get('its HEAD', '/nowhere', { method: 'HEAD' }),
  differing(
    get('with a forged cookie of draft mode', '/gallery', { headers: { cookie: '__prerender_bypass=a' } }),
    'one-viewer',
  ),
];

const actions: readonly Step[] = [
  submit('a server action that sets a cookie', '/account', 'action', { name: 'Nora' }),
  call('the same through the router', '/account', 'action', { name: 'Nora' }),
  get('an action that there is not', '/account', {
    method: 'POST',
    headers: { 'next-action': 'a'.repeat(42), accept: 'text/x-component' },
    fromOwnPage: true,
  }),
  submit('a server action with updateTag', '/stock', 'data-slug="morning-mug"', { stock: '77' }),
  get('the page of the tag', '/products/morning-mug'),
  again(get('the page of the tag', '/products/morning-mug')),
  get('a static page without the tag', '/'),
  submit('a server action that refuses', '/stock', 'data-slug="morning-mug"', { stock: '-1' }),
  get('the page, unchanged', '/products/morning-mug'),
];

const revalidations: readonly Step[] = [
  post('revalidateTag, at once', '/api/revalidate', { tag: 'products' }),
  get('a static page with the tag', '/'),
  again(get('a static page with the tag', '/')),
  get('an ISR page with the tag', '/products/rosehip-carafe'),
  again(get('an ISR page with the tag', '/products/rosehip-carafe')),
  get('a page without the tag', '/gallery'),
  post("revalidateTag with 'max'", '/api/revalidate', { tag: 'products', profile: 'max' }),
  differing(get('a static page with the tag', '/'), 'stale-capped'),
  get('once it is rendered', '/'),
  again(get('once it is rendered', '/')),
  differing(route('a payload with the tag', '/products/rosehip-carafe'), 'stale-capped'),
  get('its page, once it is rendered', '/products/rosehip-carafe'),
  post('revalidateTag of a tag that nothing carries', '/api/revalidate', { tag: 'nothing' }),
  get('a page, unchanged', '/'),
  post('revalidatePath of a page', '/api/revalidate', { path: '/gallery' }),
  get('the page', '/gallery'),
  again(get('the page', '/gallery')),
  get('another page, unchanged', '/'),
  post('revalidatePath of /', '/api/revalidate', { path: '/' }),
  get('the page /', '/'),
  get('a page below it, unchanged', '/gallery'),
  get('an order that cannot be read', '/api/revalidate', { method: 'POST', body: '{' }),
  post('an order that says too much', '/api/revalidate', { tags: ['products'] }),
];

export const storefront: Session = {
  prepare: () => prepareExample('storefront'),
  longestPeriod: 60,
  environment: (scratch) => ({ STOREFRONT_DATA: scratch }),
  findIds,
  settle,
  steps: [...staticPages, ...files, ...periods, ...onDemand, ...pagesRouter, ...dynamic, ...actions, ...revalidations],
};
