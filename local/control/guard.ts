import type { IncomingMessage } from 'node:http';

export const LOOPBACK = '127.0.0.1';

/** The names that a browser or a test may call this server by. */
const HOST_NAMES = new Set([LOOPBACK, 'localhost']);

/** What a browser says of requests that its user or this server's own page makes. */
const OWN_SITES = new Set<unknown>(['same-origin', 'none']);

/**
 * Why a request is not answered: it is some web page's, which DNS rebinding, a form or an image has sent here. Another port of this
 * machine is another's page, too: the site that runs here may not control the stack that runs it.
 *
 * @see https://developer.mozilla.org/en-US/docs/Web/Security/Attacks/DNS_rebinding
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function refusalOf({ headers, method }: IncomingMessage): string | undefined {
  const { host = '', origin } = headers;
  const site = headers['sec-fetch-site'];
  if (!HOST_NAMES.has(host.replace(/:\d+$/, ''))) return `the host "${host}" is not this machine's loopback`;
  if (origin !== undefined && origin !== `http://${host}`) return `the origin "${origin}" is not this server's`;
  if (site === undefined || OWN_SITES.has(site)) return undefined;
  // Whoever follows a link has seen where it leads.
  const isLink =
    method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return isLink ? undefined : 'another page has sent it (Sec-Fetch-Site)';
}
