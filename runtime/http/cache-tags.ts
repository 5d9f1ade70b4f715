import { edgeTagOf } from '../../contract';

export { edgeTagOf };

/**
 * CloudFront's limits: 50 tags an object, the rest are dropped in silence; no case, no comma, no space.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/tag-based-invalidation.html
 */
const MOST_TAGS = 50;

/** Tags that stand for more than one of Next's. None of them is hexadecimal, so none is ever a hash. */
export const EdgeTag = {
  /** On everything of the site that a shared cache may keep but images and what is immutable: purged after a deployment. */
  PAGE: 'page',
  /** On answers with more tags than CloudFront takes: purged with every revalidation. */
  COARSE: 'coarse',
  /** On everything that one build answered. */
  deployment: (namespace: string): string => `deployment-${namespace}`,
} as const;

/** By the list itself, which the verdict on a hot page brings each time. */
const known = new WeakMap<readonly string[], { readonly namespace: string; readonly edgeTags: readonly string[] }>();

/** The tags of an answer in the order of their importance, never more than CloudFront keeps. */
export function edgeTagsOf(tags: readonly string[], namespace: string): readonly string[] {
  const before = known.get(tags);
  if (before?.namespace === namespace) return before.edgeTags;
  const edgeTags = makeEdgeTags(tags, namespace);
  known.set(tags, { namespace, edgeTags });
  return edgeTags;
}

function makeEdgeTags(tags: readonly string[], namespace: string): readonly string[] {
  const fixed = [EdgeTag.PAGE, EdgeTag.deployment(namespace)];
  const hashed = [...new Set(tags)].map(edgeTagOf);
  if (fixed.length + hashed.length <= MOST_TAGS) return [...fixed, ...hashed];
  return [...fixed, EdgeTag.COARSE, ...hashed.slice(0, MOST_TAGS - fixed.length - 1)];
}
