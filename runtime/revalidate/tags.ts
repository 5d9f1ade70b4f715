import type { RevalidationRequest } from '../../contract';

/** https://github.com/vercel/next.js/blob/canary/packages/next/src/lib/constants.ts */
const IMPLICIT_TAG = '_N_T_';
const LONGEST_TAG = 256;
const LONGEST_PATH = 1024;

/** The tags that Next's own functions would revalidate. */
export function tagsOf({
  tags = [],
  paths = [],
  pathType,
}: Pick<RevalidationRequest, 'tags' | 'paths' | 'pathType'>): string[] {
  const all = [...tags.map(checkTag), ...paths.flatMap((path) => tagsOfPath(path, pathType))];
  return [...new Set(all.flatMap(spellings))];
}

/** As `revalidatePath` does: a page's tag is its path, a route's or layout's its pattern and kind. */
function tagsOfPath(path: string, type: RevalidationRequest['pathType']): string[] {
  if (!path.startsWith('/') || path.length > LONGEST_PATH) {
    throw new Error(
      `cdk-nextjs-ecs revalidate: a path begins with '/', has no host, and is at most ${LONGEST_PATH} characters long; received '${path}'`,
    );
  }
  if (type === undefined && /\/\[[^/]+\](?=\/|$)/.test(path)) {
    throw new Error(
      `cdk-nextjs-ecs revalidate: '${path}' is a route of many pages, so it needs its type, 'page' or 'layout'; without it a path is one page's`,
    );
  }
  const normalized = `${IMPLICIT_TAG}${path === '/' ? path : path.replace(/\/+$/, '')}`;
  if (type !== undefined) return [`${normalized}${normalized.endsWith('/') ? '' : '/'}${type}`];
  if (normalized === `${IMPLICIT_TAG}/`) return [normalized, `${IMPLICIT_TAG}/index`];
  if (normalized === `${IMPLICIT_TAG}/index`) return [normalized, `${IMPLICIT_TAG}/`];
  return [normalized];
}

function checkTag(tag: string): string {
  if (tag !== '' && tag.length <= LONGEST_TAG) return tag;
  throw new Error(
    `cdk-nextjs-ecs revalidate: Next.js knows tags of 1 to ${LONGEST_TAG} characters; received one of ${tag.length}`,
  );
}

/** From 16.3 on Next percent-encodes what is not ASCII, before it not: which one the app is of is not known here. */
function spellings(tag: string): string[] {
  const encoded = tag.replace(/[^\t\x20-\x7e]+/g, (run) => encodeURIComponent(run));
  return encoded === tag ? [tag] : [tag, encoded];
}
