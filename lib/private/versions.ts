/** As https://semver.org/#spec-item-11 orders them: a pre-release comes before its release. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [parseVersion(one), parseVersion(other)];
  for (const [index, part] of a.release.entries()) {
    const difference = part - (b.release[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.preRelease === undefined || b.preRelease === undefined) {
    return Number(a.preRelease === undefined) - Number(b.preRelease === undefined);
  }
  return a.preRelease.localeCompare(b.preRelease, 'en', { numeric: true });
}

function parseVersion(version: string) {
  const [, release = '', preRelease] = /^(\d+(?:\.\d+)*)(?:-([^+]+))?/.exec(version) ?? [];
  return { release: release.split('.').map(Number), preRelease };
}
