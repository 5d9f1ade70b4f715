/**
 * CloudFront's path patterns: `*` is any run of characters, `?` exactly one, everything else itself; case-sensitive, the leading
 * slash optional, the query string not part of it.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
 */
export function pathMatcher(pattern: string): (normalizedPath: string) => boolean {
  const rooted = pattern.startsWith('/') || pattern.startsWith('*') ? pattern : `/${pattern}`;
  if (rooted === '*' || rooted === '/*') return () => true;
  const expression = new RegExp(
    `^${rooted
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replace(/\?/g, '.')}$`,
    's',
  );
  return (path) => expression.test(path);
}

/**
 * The path that behaviours are matched with: CloudFront normalizes it after RFC 3986 (dot segments, escaped unreserved characters) for
 * matching only; the origin gets the path as the viewer wrote it.
 */
export function normalizePath(path: string): string {
  if (!/%|\/\./.test(path)) return path;
  const decoded = path.replace(/%([0-9a-fA-F]{2})/g, (escape, hex: string) => {
    const character = String.fromCharCode(parseInt(hex, 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escape.toUpperCase();
  });
  return removeDotSegments(decoded);
}

function removeDotSegments(path: string): string {
  const segments = path.split('/');
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') {
      if (kept.length > 1) kept.pop();
    } else if (segment !== '.') {
      kept.push(segment);
    }
  }
  const last = segments.at(-1);
  if (last === '.' || last === '..') kept.push('');
  return kept.join('/') || '/';
}
