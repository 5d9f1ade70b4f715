import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import {
  CLIENT_ADDRESS,
  CLOUDFRONT_HEADERS,
  COMPRESSED_OBJECTS,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  ORIGIN_HEADERS,
  ORIGIN_REQUEST_POLICY,
  REQUEST_HEADERS,
  TRANSFER_ENCODING,
  USER_AGENT,
} from './documentation';
import {
  ALL_VIEWER,
  ALL_VIEWER_AND_CLOUDFRONT,
  ALL_VIEWER_EXCEPT_HOST,
  CACHING_DISABLED,
  closeAll,
  originRequestPolicy,
  startEdge,
  startOrigin,
  until,
  type TestEdgeOptions,
} from './support';

afterEach(closeAll);

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers: Record<string, string>;
}

async function received(
  sent: Sent,
  options: TestEdgeOptions = {},
): Promise<{ headers: IncomingHttpHeaders; url: string }> {
  const origin = await startOrigin();
  const edge = await startEdge(origin, options);
  await edge.ask({
    path: sent.path ?? '/',
    method: sent.method ?? 'GET',
    headers: { host: 'localhost:8080', ...sent.headers },
  });
  const [request] = origin.requests;
  return { headers: request?.headers ?? {}, url: request?.url ?? '' };
}

const policy = (id: string | undefined): TestEdgeOptions => ({
  behavior: id === undefined ? {} : { OriginRequestPolicyId: id },
});

const ROWS: [rule: string, policyId: string | undefined, sent: Sent, header: string, got: string | undefined][] = [
  [`Host is the origin's domain name (${REQUEST_HEADERS})`, undefined, { headers: {} }, 'host', 'app.example'],
  [
    `Host is the viewer's, port included, with AllViewer (${REQUEST_HEADERS})`,
    ALL_VIEWER,
    { headers: {} },
    'host',
    'localhost:8080',
  ],
  [
    `Host is the origin's with AllViewerExceptHostHeader (${MANAGED_ORIGIN_REQUEST_POLICIES})`,
    ALL_VIEWER_EXCEPT_HOST,
    { headers: {} },
    'host',
    'app.example',
  ],
  [
    `User-Agent is CloudFront's (${USER_AGENT})`,
    undefined,
    { headers: { 'user-agent': 'me' } },
    'user-agent',
    'Amazon CloudFront',
  ],
  [
    `User-Agent is the viewer's with AllViewer (${USER_AGENT})`,
    ALL_VIEWER,
    { headers: { 'user-agent': 'me' } },
    'user-agent',
    'me',
  ],
  [`Accept is removed (${REQUEST_HEADERS})`, undefined, { headers: { accept: 'text/html' } }, 'accept', undefined],
  [
    `Accept stays with AllViewer (${REQUEST_HEADERS})`,
    ALL_VIEWER,
    { headers: { accept: 'text/html' } },
    'accept',
    'text/html',
  ],
  [`Referer is removed (${REQUEST_HEADERS})`, undefined, { headers: { referer: 'x' } }, 'referer', undefined],
  [
    `Content-Type stays (${REQUEST_HEADERS})`,
    undefined,
    { method: 'POST', headers: { 'content-type': 'text/x' } },
    'content-type',
    'text/x',
  ],
  [
    `other headers are removed (${ORIGIN_REQUEST_POLICY})`,
    undefined,
    { headers: { 'x-mine': '1' } },
    'x-mine',
    undefined,
  ],
  [
    `other headers stay with AllViewer (${MANAGED_ORIGIN_REQUEST_POLICIES})`,
    ALL_VIEWER,
    { headers: { 'x-mine': '1' } },
    'x-mine',
    '1',
  ],
  [
    `Authorization of a GET is removed (${REQUEST_HEADERS})`,
    undefined,
    { headers: { authorization: 'a' } },
    'authorization',
    undefined,
  ],
  [
    `Authorization of a POST stays (${REQUEST_HEADERS})`,
    undefined,
    { method: 'POST', headers: { authorization: 'a' } },
    'authorization',
    'a',
  ],
  [
    `Authorization of a GET stays with AllViewer (${REQUEST_HEADERS})`,
    ALL_VIEWER,
    { headers: { authorization: 'a' } },
    'authorization',
    'a',
  ],
  [
    `X-Forwarded-Proto is removed, always (${REQUEST_HEADERS})`,
    ALL_VIEWER,
    { headers: { 'x-forwarded-proto': 'https' } },
    'x-forwarded-proto',
    undefined,
  ],
  [
    `X-Real-IP is removed, always (${REQUEST_HEADERS})`,
    ALL_VIEWER,
    { headers: { 'x-real-ip': '1.1.1.1' } },
    'x-real-ip',
    undefined,
  ],
  [
    `X-Edge-* is removed, always (${REQUEST_HEADERS})`,
    ALL_VIEWER,
    { headers: { 'x-edge-a': '1' } },
    'x-edge-a',
    undefined,
  ],
  [`TE is removed, always (${REQUEST_HEADERS})`, ALL_VIEWER, { headers: { te: 'trailers' } }, 'te', undefined],
  [
    `X-Forwarded-For begins with the viewer (${CLIENT_ADDRESS})`,
    undefined,
    { headers: {} },
    'x-forwarded-for',
    '127.0.0.1',
  ],
  [
    `X-Forwarded-For is appended to (${CLIENT_ADDRESS})`,
    undefined,
    { headers: { 'x-forwarded-for': '192.0.2.4' } },
    'x-forwarded-for',
    '192.0.2.4, 127.0.0.1',
  ],
  [
    `Via names the edge (${REQUEST_HEADERS})`,
    undefined,
    { headers: {} },
    'via',
    '1.1 e1example.cloudfront.net (CloudFront)',
  ],
  [`cookies are removed (${REQUEST_HEADERS})`, undefined, { headers: { cookie: 'a=1' } }, 'cookie', undefined],
  [
    `cookies stay with AllViewer (${MANAGED_ORIGIN_REQUEST_POLICIES})`,
    ALL_VIEWER,
    { headers: { cookie: 'a=1; b=2' } },
    'cookie',
    'a=1; b=2',
  ],
  [
    `Accept-Encoding is normalized (${COMPRESSED_OBJECTS})`,
    ALL_VIEWER,
    { headers: { 'accept-encoding': 'zstd, gzip, br' } },
    'accept-encoding',
    'br,gzip',
  ],
  [
    `Accept-Encoding without a supported coding is identity (${COMPRESSED_OBJECTS})`,
    ALL_VIEWER,
    { headers: { 'accept-encoding': 'deflate' } },
    'accept-encoding',
    'identity',
  ],
  [
    `Accept-Encoding stays away when the viewer sends none (${COMPRESSED_OBJECTS})`,
    ALL_VIEWER,
    { headers: {} },
    'accept-encoding',
    undefined,
  ],
  [
    `CloudFront headers are not added by AllViewer (${MANAGED_ORIGIN_REQUEST_POLICIES})`,
    ALL_VIEWER,
    { headers: {} },
    'cloudfront-forwarded-proto',
    undefined,
  ],
  [
    `CloudFront-Forwarded-Proto is the scheme of the viewer's address (${CLOUDFRONT_HEADERS})`,
    ALL_VIEWER_AND_CLOUDFRONT,
    { headers: {} },
    'cloudfront-forwarded-proto',
    'http',
  ],
  [
    `CloudFront-Forwarded-Proto of a viewer is overwritten (${CLOUDFRONT_HEADERS})`,
    ALL_VIEWER_AND_CLOUDFRONT,
    { headers: { 'cloudfront-forwarded-proto': 'ftp' } },
    'cloudfront-forwarded-proto',
    'http',
  ],
  [
    `CloudFront-Is-Desktop-Viewer is read from User-Agent (${CLOUDFRONT_HEADERS})`,
    ALL_VIEWER_AND_CLOUDFRONT,
    { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux)' } },
    'cloudfront-is-desktop-viewer',
    'true',
  ],
  [
    `CloudFront-Is-Mobile-Viewer is read from User-Agent (${CLOUDFRONT_HEADERS})`,
    ALL_VIEWER_AND_CLOUDFRONT,
    { headers: { 'user-agent': 'Mozilla/5.0 (iPhone; Mobile)' } },
    'cloudfront-is-mobile-viewer',
    'true',
  ],
];

describe('an origin request', () => {
  it.each(ROWS)('%s', async (_, policyId, sent, header, got) => {
    const { headers } = await received(sent, policy(policyId));
    expect(headers[header]).toBe(got);
  });

  it(`has the address and port of the viewer with AllViewerAndCloudFrontHeaders (${CLOUDFRONT_HEADERS})`, async () => {
    const { headers } = await received({ headers: {} }, policy(ALL_VIEWER_AND_CLOUDFRONT));
    expect(headers['cloudfront-viewer-address']).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(headers['cloudfront-viewer-http-version']).toBe('1.1');
    expect(headers).not.toHaveProperty('cloudfront-viewer-country');
  });

  it(`has what the stack says of location and protocol (${CLOUDFRONT_HEADERS})`, async () => {
    const { headers } = await received(
      { headers: {} },
      {
        ...policy(ALL_VIEWER_AND_CLOUDFRONT),
        options: { viewerLocation: { 'CloudFront-Viewer-Country': 'DE' }, viewerProtocol: 'https' },
      },
    );
    expect(headers).toMatchObject({ 'cloudfront-viewer-country': 'DE', 'cloudfront-forwarded-proto': 'https' });
  });

  it(`has the queries of both policies, in the order of the viewer (${ORIGIN_REQUEST_POLICY})`, async () => {
    const orp = originRequestPolicy('orp', {
      QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: ['b'] },
    });
    const { url } = await received(
      { path: '/p?a=1&b=2&c=%20', headers: {} },
      { behavior: { CachePolicyId: CACHING_DISABLED, OriginRequestPolicyId: 'orp' }, resources: [orp] },
    );
    expect(url).toBe('/p?b=2');
  });

  it(`has only the cookies that the policy lists (${ORIGIN_REQUEST_POLICY})`, async () => {
    const orp = originRequestPolicy('orp', { CookiesConfig: { CookieBehavior: 'whitelist', Cookies: ['b'] } });
    const { headers } = await received(
      { headers: { cookie: 'a=1; b=2' } },
      { behavior: { OriginRequestPolicyId: 'orp' }, resources: [orp] },
    );
    expect(headers.cookie).toBe('b=2');
  });

  it(`has the custom headers of the origin, whatever the viewer sent, and its path before the own one (${ORIGIN_HEADERS})`, async () => {
    const origin = { OriginPath: '/prefix', OriginCustomHeaders: [{ HeaderName: 'X-Secret', HeaderValue: 's3cret' }] };
    const { headers, url } = await received(
      { path: '/a', headers: { 'x-secret': 'guess' } },
      { ...policy(ALL_VIEWER), origin },
    );
    expect([headers['x-secret'], url]).toEqual(['s3cret', '/prefix/a']);
  });

  it('keeps what Next.js compares for a server action: Origin and Host with the port', async () => {
    const { headers } = await received(
      { method: 'POST', headers: { origin: 'http://localhost:8080', 'next-action': 'a' } },
      policy(ALL_VIEWER_AND_CLOUDFRONT),
    );
    expect(new URL(String(headers.origin)).host).toBe(headers.host);
    expect(headers['next-action']).toBe('a');
  });

  it(`streams its body (${TRANSFER_ENCODING})`, async () => {
    let body = '';
    const origin = await startOrigin((incoming, response) => {
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => response.end());
    });
    const edge = await startEdge(origin);
    const socket = connect(edge.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await until(() => body === 'hello');
    socket.write('0\r\n\r\n');
    await edge.logged(1);
    socket.destroy();
    expect(edge.events[0]?.status).toBe(200);
  });
});
