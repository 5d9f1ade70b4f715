import { createHmac, randomBytes } from 'node:crypto';

import type { Stickiness } from './target-group-settings';

/** Signs cookie values, which on ALB are encrypted: opaque, and good for this balancer alone. */
const SECRET = randomBytes(32);

export const GROUP_COOKIE = 'AWSALBTG';
const TARGET_COOKIE = 'AWSALB';
const APPLICATION_COOKIE = 'AWSALBAPP-0';

/** The name of what a cookie of ours stands for, if it is ours. */
export function readSticky(cookieHeader: string | undefined, cookie: string): string | undefined {
  const pair = cookieHeader?.split(/;\s*/).find((text) => text.startsWith(`${cookie}=`));
  if (pair === undefined) return undefined;
  const [name = '', signature = ''] = pair.slice(cookie.length + 1).split('.');
  const value = Buffer.from(name, 'base64url').toString();
  return sign(value) === signature ? value : undefined;
}

/** Id of the target that the client's cookie names. */
export function stickyTarget(stickiness: Stickiness | undefined, cookieHeader: string | undefined): string | undefined {
  if (stickiness === undefined) return undefined;
  return readSticky(cookieHeader, stickiness.type === 'lb_cookie' ? TARGET_COOKIE : APPLICATION_COOKIE);
}

/**
 * The cookies that bind a client to the target that answered it, as flat headers.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
 */
export function targetCookies(
  stickiness: Stickiness | undefined,
  target: string,
  responseHeaders: readonly string[],
): string[] {
  if (stickiness === undefined) return [];
  if (stickiness.type === 'lb_cookie') return stickyCookies(TARGET_COOKIE, target, stickiness.duration);
  // The application's own cookie begins the session.
  const begins = responseHeaders.some(
    (text, index) =>
      index % 2 === 1 &&
      responseHeaders[index - 1]?.toLowerCase() === 'set-cookie' &&
      text.startsWith(`${stickiness.cookieName ?? ''}=`),
  );
  return begins ? ['Set-Cookie', `${APPLICATION_COOKIE}=${seal(target)}; Path=/`] : [];
}

/** The cookie and its twin for cross-origin requests. */
export function stickyCookies(cookie: string, value: string, seconds: number): string[] {
  const expires = new Date(Date.now() + seconds * 1000).toUTCString();
  const text = `=${seal(value)}; Expires=${expires}; Path=/`;
  return ['Set-Cookie', cookie + text, 'Set-Cookie', `${cookie}CORS${text}; SameSite=None`];
}

function seal(value: string): string {
  return `${Buffer.from(value).toString('base64url')}.${sign(value)}`;
}

function sign(value: string): string {
  return createHmac('sha256', SECRET).update(value).digest('base64url');
}
