import type { HeaderFields } from './header-fields';

/** Headers that CloudFront can add to origin requests, up to June 2022: what AllViewerAndCloudFrontHeaders-2022-06 adds. */
export const CLOUDFRONT_HEADERS_2022_06 = [
  'cloudfront-forwarded-proto',
  'cloudfront-is-android-viewer',
  'cloudfront-is-desktop-viewer',
  'cloudfront-is-ios-viewer',
  'cloudfront-is-mobile-viewer',
  'cloudfront-is-smarttv-viewer',
  'cloudfront-is-tablet-viewer',
  'cloudfront-viewer-address',
  'cloudfront-viewer-asn',
  'cloudfront-viewer-city',
  'cloudfront-viewer-country',
  'cloudfront-viewer-country-name',
  'cloudfront-viewer-country-region',
  'cloudfront-viewer-country-region-name',
  'cloudfront-viewer-http-version',
  'cloudfront-viewer-latitude',
  'cloudfront-viewer-longitude',
  'cloudfront-viewer-metro-code',
  'cloudfront-viewer-postal-code',
  'cloudfront-viewer-time-zone',
  'cloudfront-viewer-tls',
] as const;

const ALL_CLOUDFRONT_HEADERS = new Set<string>([
  ...CLOUDFRONT_HEADERS_2022_06,
  'cloudfront-viewer-header-count',
  'cloudfront-viewer-header-order',
  'cloudfront-viewer-ja3-fingerprint',
  'cloudfront-viewer-ja4-fingerprint',
]);

export function isCloudFrontHeader(lowerCaseName: string): boolean {
  return ALL_CLOUDFRONT_HEADERS.has(lowerCaseName);
}

export interface Viewer {
  readonly address: string;
  readonly port: number;
  readonly httpVersion: string;
  /** The scheme of the address in the viewer's browser. */
  readonly protocol: 'http' | 'https';
  /** Names and values in turn, as the viewer wrote them and in its order. */
  readonly rawHeaders: readonly string[];
  /** What cannot be known on a laptop (country, city, ASN …), by header name in lower case. */
  readonly located: Readonly<Record<string, string>>;
}

/**
 * The value of one of CloudFront's own headers, undefined where CloudFront would not send it either.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
 */
export function cloudFrontHeader(name: string, viewer: Viewer, request: HeaderFields): string | undefined {
  switch (name) {
    case 'cloudfront-forwarded-proto':
      return viewer.protocol;
    case 'cloudfront-viewer-address':
      return `${viewer.address}:${String(viewer.port)}`;
    case 'cloudfront-viewer-http-version':
      return viewer.httpVersion;
    case 'cloudfront-viewer-header-count':
      return String(viewer.rawHeaders.length / 2);
    case 'cloudfront-viewer-header-order':
      return viewer.rawHeaders
        .filter((_, index) => index % 2 === 0)
        .join(':')
        .slice(0, 7680);
    case 'cloudfront-viewer-tls':
      return viewer.protocol === 'https' ? 'TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake' : undefined;
    default:
      return deviceHeader(name, request) ?? viewer.located[name];
  }
}

/** Several can be true: a tablet is a mobile viewer too. */
function deviceHeader(name: string, request: HeaderFields): string | undefined {
  if (!name.startsWith('cloudfront-is-')) return undefined;
  const agent = request.get('user-agent') ?? '';
  const android = /android/i.test(agent);
  const ios = /iphone|ipad|ipod/i.test(agent);
  const tablet = /ipad|tablet/i.test(agent) || (android && !/mobile/i.test(agent));
  const mobile = tablet || ios || android || /mobile/i.test(agent);
  const smartTv = /smart-?tv|appletv|googletv|hbbtv|\btv\b/i.test(agent);
  const truths: Record<string, boolean> = {
    'cloudfront-is-android-viewer': android,
    'cloudfront-is-ios-viewer': ios,
    'cloudfront-is-tablet-viewer': tablet,
    'cloudfront-is-mobile-viewer': mobile,
    'cloudfront-is-smarttv-viewer': smartTv,
    'cloudfront-is-desktop-viewer': !mobile && !smartTv,
  };
  const truth = truths[name];
  return truth === undefined ? undefined : String(truth);
}
