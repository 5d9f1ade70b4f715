import { prepareApp, prepareExample } from '../fixtures/prepare';
import { type FixtureVersion, requestedVersions } from '../fixtures/versions';
import { readForm, sendForm } from './form';

/** An app, and where in it the tests find what they need. */
export interface Site {
  readonly name: string;
  /** Builds the app where that is needed. Fulfilled with its folder. */
  readonly prepare: () => Promise<string>;
  /** Variables of the tasks. */
  readonly env?: (scratch: string) => Record<string, string>;
  /** Prerendered pages whose period has not passed, whatever the age of the build. */
  readonly prerendered: readonly string[];
  /** A page that each visitor is rendered anew. */
  readonly dynamic: string;
  /** A page whose last part is the element with `data-part="3"`. */
  readonly streamed: string;
  /** A page that no build renders, kept once it was asked for. */
  readonly onDemand: string;
  /** An image in the app's public folder. */
  readonly picture: string;
  readonly tagged: TaggedPage;
}

/** A page out of tagged data, and a server action that changes them. */
export interface TaggedPage {
  readonly path: string;
  readonly tag: string;
  /** The attribute that shows the data. */
  readonly attribute: string;
  readonly sendAction: (base: string) => Promise<Response>;
}

export const storefront: Site = {
  name: 'the storefront',
  prepare: () => prepareExample('storefront'),
  env: (scratch) => ({ STOREFRONT_DATA: scratch }),
  prerendered: ['/', '/gallery'],
  dynamic: '/account',
  streamed: '/stream',
  onDemand: '/products/rosehip-carafe',
  picture: '/pictures/ash-bowl.jpg',
  tagged: {
    path: '/products/morning-mug',
    tag: 'product:morning-mug',
    attribute: 'data-stock',
    sendAction: async (base) => {
      const form = await readForm(`${base}/stock`, 'data-slug="morning-mug"');
      return sendForm(form, { stock: String(Number(form.fields.stock) + 100) });
    },
  },
};

function fixture(version: FixtureVersion): Site {
  return {
    name: `an app on Next.js ${version}`,
    prepare: () => prepareApp(version),
    prerendered: ['/', '/isr-long', '/legacy-closed/one', '/actions'],
    dynamic: '/account',
    streamed: '/streaming',
    onDemand: '/posts/another',
    picture: '/picture.png',
    tagged: {
      path: '/posts/first',
      tag: 'post:first',
      attribute: 'data-value',
      sendAction: async (base) => sendForm(await readForm(`${base}/actions`, 'id="revalidate"'), { tag: 'post:first' }),
    },
  };
}

export const sites: readonly Site[] = [storefront, ...requestedVersions().map(fixture)];
