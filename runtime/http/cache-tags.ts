import { edgeTagOf } from '../../contract';
import { remembered } from '../remembered';

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

/** The tags of hot pages are hashed once. */
const hashOf = remembered(500_000, edgeTagOf);

/** The tags of an answer in the order of their importance, never more than CloudFront keeps. */
export function edgeTagsOf(tags: Iterable<string>, namespace: string): readonly string[] {
  const fixed = [EdgeTag.PAGE, EdgeTag.deployment(namespace)];
  const hashed = [...new Set(tags)].map(hashOf);
  if (fixed.length + hashed.length <= MOST_TAGS) return [...fixed, ...hashed];
  return [...fixed, EdgeTag.COARSE, ...hashed.slice(0, MOST_TAGS - fixed.length - 1)];
}
