/** Dots and backslashes that lead out of a folder, plain or encoded. */
const LEADS_ELSEWHERE = /(?:\.|%2e){2}|\\|%5c/i;

/** Tells which paths the app's proxy (middleware) runs for. */
export class ProxiedPaths {
  private readonly matchers: readonly RegExp[];

  /**
   * @param matchers Next's compiled matchers. Their further conditions (`has`, `missing`) are not looked at: what the proxy may
   * guard under some condition is guarded here under all.
   */
  constructor(
    matchers: readonly string[],
    private readonly basePath: string,
  ) {
    this.matchers = matchers.map((matcher) => new RegExp(matcher));
  }

  includes(path: string): boolean {
    // A build's own files are content-addressed and public: an app guards pages, not its scripts.
    if (this.matchers.length === 0 || this.isBuildAsset(path)) return false;
    const decoded = tryDecode(path);
    return this.matchers.some((matcher) => matcher.test(path) || matcher.test(decoded));
  }

  private isBuildAsset(path: string): boolean {
    return path.startsWith(`${this.basePath}/_next/static/`) && !LEADS_ELSEWHERE.test(path);
  }
}

function tryDecode(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
