import { type IResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Which site has which name in which store, by the root of the construct tree: caches may be several, and of several stacks. */
const CLAIMS = new WeakMap<IConstruct, Map<string, IConstruct>>();

/**
 * Takes a site's name in a store.
 *
 * @returns the site that has taken it before, if one has
 */
export function claimSiteName(
  site: IConstruct,
  siteName: string,
  store: IResource,
  storeName: string,
): IConstruct | undefined {
  const { root } = site.node;
  const claims = CLAIMS.get(root) ?? new Map<string, IConstruct>();
  CLAIMS.set(root, claims);
  const key = `${identify(store, storeName)} ${siteName}`;
  const earlier = claims.get(key);
  if (!earlier) claims.set(key, site);
  return earlier;
}

/** A store that was imported twice is two constructs with one name; one that is created has a name only once it is deployed. */
function identify(store: IResource, storeName: string): string {
  const name: unknown = Stack.of(store).resolve(storeName);
  return typeof name === 'string' ? `${store.env.account}/${store.env.region}/${name}` : store.node.path;
}
