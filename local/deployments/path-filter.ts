/**
 * The files that `aws s3 sync` would take: all but the excluded ones, and of those again the included ones.
 * https://docs.aws.amazon.com/cli/latest/reference/s3/#use-of-exclude-and-include-filters
 */
export function pathFilter(exclude: readonly string[], include: readonly string[]): (path: string) => boolean {
  const [excluded, included] = [exclude.map(patternExpression), include.map(patternExpression)];
  return (path) => !excluded.some((pattern) => pattern.test(path)) || included.some((pattern) => pattern.test(path));
}

/** `*` is any text, slashes included; `?` any character; `[ab]` and `[!ab]` one of, or none of, those. */
function patternExpression(pattern: string): RegExp {
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|[.*+?^${}()|[\]\\]/g,
    (match, negation: string | undefined, members: string | undefined) => {
      if (match === '*') return '.*';
      if (match === '?') return '.';
      if (members === undefined) return `\\${match}`;
      return `[${negation === '!' ? '^' : ''}${members.replace(/[\\\]^]/g, '\\$&')}]`;
    },
  );
  return new RegExp(`^${source}$`, 's');
}
