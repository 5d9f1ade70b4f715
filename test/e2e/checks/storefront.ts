import { readForm, sendForm } from '../form';
import { pastEdge } from './answer';
import type { Tour } from './deployment';
import type { Places } from './places';

/** The most that the stock room takes. */
const MOST_STOCK = 999;

/** In `examples/storefront`. */
export const storefront: Places = {
  staticPage: '/',
  dynamic: '/account',
  streamed: '/stream',
  onDemand: '/products/rosehip-carafe',
  picture: '/pictures/ash-bowl.jpg',
  tagged: { path: '/', tag: 'products' },
  action: {
    path: '/products/morning-mug',
    attribute: 'data-stock',
    send: async (base, fetch) => {
      const form = await readForm(`${base}/stock`, 'data-slug="morning-mug"', fetch);
      return sendForm(form, { stock: String((Number(form.fields.stock) + 100) % (MOST_STOCK + 1)) }, fetch);
    },
    confirmation: /Saved: (?:<!-- -->)?\d+/,
  },
  revalidation: (tag) => ({ tag }),
};

const LASTING = ['/', '/gallery'];
const PRODUCTS = ['morning-mug', 'linen-lamp', 'meadow-vase', 'soot-teapot', 'oak-board', 'spring-carafe'];

/** By turns a page that the edge may have, and one that a task has to answer. */
export const storefrontTour: Tour = {
  lasting: LASTING,
  // Each page names some seventy files, and a deployment on AWS takes minutes.
  pause: 500,
  pages: (visitor, turn) => {
    const pages = [...LASTING, '/legacy', ...PRODUCTS.map((slug) => `/products/${slug}`)];
    const page = pages[(visitor + (turn >> 1)) % pages.length] ?? '/';
    return turn % 2 === 0 ? page : pastEdge(page);
  },
};
