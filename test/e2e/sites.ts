import { prepareApp, prepareExample } from '../fixtures/prepare';
import { type FixtureVersion, requestedVersions } from '../fixtures/versions';
import type { Places, TaggedPage } from './checks/places';
import { storefront as storefrontPlaces } from './checks/storefront';
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
  readonly places: Places;
  /** A page out of the data that the action changes, which carries the tag. */
  readonly tagged: TaggedPage;
}

export const storefront: Site = {
  name: 'the storefront',
  prepare: () => prepareExample('storefront'),
  env: (scratch) => ({ STOREFRONT_DATA: scratch }),
  prerendered: ['/', '/gallery'],
  places: storefrontPlaces,
  tagged: { path: '/products/morning-mug', tag: 'product:morning-mug' },
};

function fixture(version: FixtureVersion): Site {
  const tagged = { path: '/posts/first', tag: 'post:first' };
  return {
    name: `an app on Next.js ${version}`,
    prepare: () => prepareApp(version),
    prerendered: ['/', '/isr-long', '/legacy-closed/one', '/actions'],
    places: {
      staticPage: '/',
      dynamic: '/account',
      streamed: '/streaming',
      onDemand: '/posts/another',
      picture: '/picture.png',
      tagged,
      action: {
        path: tagged.path,
        attribute: 'data-value',
        send: async (base, fetch) =>
          sendForm(await readForm(`${base}/actions`, 'id="revalidate"', fetch), { tag: tagged.tag }, fetch),
      },
      revalidation: (tag) => ({ tags: [tag] }),
    },
    tagged,
  };
}

export const sites: readonly Site[] = [storefront, ...requestedVersions().map(fixture)];
