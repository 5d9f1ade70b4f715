import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BundleFacts } from '../../contract';
import { NextjsBuild, NextjsPolicies, NextjsSite } from '../../lib';
import { appWithBundle } from './bundle';
import { edgeRequest, EdgeFunctionUnderTest } from './edge-request';
import { hasNjs, runInNjs } from './njs';
import { synthesize, synthesizeSite, theResource } from './synthesis';

type RouterHeaders = Readonly<Record<string, string>>;
type Algorithm = (headers: RouterHeaders) => string;

const HASHED = ['next-router-prefetch', 'next-router-segment-prefetch', 'next-router-state-tree', 'next-url'];

const said = (headers: RouterHeaders) => HASHED.map((name) => headers[name] ?? '0').join(',');

/** Of the router of Next.js, each from a browser with a secure context, from one without, and of a version that nobody knows yet. */
const ALGORITHMS = {
  'sha-256': (headers) => createHash('sha256').update(said(headers)).digest().subarray(0, 12).toString('base64url'),
  legacy: (headers) => {
    let hash = 5381;
    for (const character of said(headers)) hash = Math.imul(hash, 33) + character.charCodeAt(0);
    return (hash >>> 0).toString(36).slice(0, 5);
  },
  unknown: (headers) => createHash('sha512').update(said(headers)).digest('base64url').slice(0, 16),
} as const satisfies Record<string, Algorithm>;

type AlgorithmName = keyof typeof ALGORITHMS;

const PREFETCH = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };

const edge = new EdgeFunctionUnderTest({ pathsWithNextUrl: ['/docs', '/blog/posts'] });

/** What the function makes of a request of the router: what is left of it in key and request. */
function passed(address: string, headers: Parameters<typeof edgeRequest>[1]) {
  const { uri, querystring, headers: left } = edge.run(edgeRequest(address, headers));
  return { uri, rsc: querystring._rsc?.value, nextUrl: left['next-url']?.value };
}

describe('a prefetch', () => {
  // From Next's own module: of '1', '/_tree', nothing and '/gallery', and of the same without '/gallery'.
  it.each([
    ['-9sLjSlgneXyRTK-', '_i_aeImnuN6u1u1r'],
    ['u4o14', '1r34m'],
  ])('with the hash %s goes on without `next-url`, with the hash %s', (given, expected) => {
    expect(passed(`/?_rsc=${given}`, { ...PREFETCH, 'next-url': '/gallery' })).toEqual({
      uri: '/',
      rsc: expected,
      nextUrl: undefined,
    });
  });

  it('is the same request from whatever page', () => {
    const pages = ['/', '/gallery', '/products/ash-bowl', '/caf%C3%A9?x=1'];
    for (const algorithm of [ALGORITHMS['sha-256'], ALGORITHMS.legacy]) {
      const requests = pages.map((page) => {
        const headers = { ...PREFETCH, 'next-url': page };
        return edge.run(edgeRequest(`/products/1?size=2&_rsc=${algorithm(headers)}`, headers));
      });
      expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(1);
      expect(requests[0]).toMatchObject({
        querystring: { size: { value: '2' }, _rsc: { value: algorithm(PREFETCH) } },
      });
    }
  });

  it('keeps what else its answer depends on', () => {
    const headers = { ...PREFETCH, 'next-router-state-tree': '%5B%22%22%5D', 'next-url': '/gallery' };
    const { headers: left } = edge.run(edgeRequest(`/?_rsc=${ALGORITHMS['sha-256'](headers)}`, headers));
    expect(left).toMatchObject({
      rsc: { value: '1' },
      'next-router-prefetch': { value: '1' },
      'next-router-segment-prefetch': { value: '/_tree' },
      'next-router-state-tree': { value: '%5B%22%22%5D' },
    });
  });

  it('of which nothing else is hashed has the bare `_rsc` that the router writes then', () => {
    const headers = { rsc: '1', 'next-url': '/gallery' };
    const expected = { uri: '/', rsc: '', nextUrl: undefined };
    expect(passed(`/?_rsc=${ALGORITHMS['sha-256'](headers)}`, headers)).toEqual(expected);
    expect(passed('/?_rsc', headers)).toEqual(expected);
  });

  it('that a server has sent on with the hash of what it got goes on without `next-url`', () => {
    const headers = { ...PREFETCH, 'next-url': '/gallery' };
    const hash = ALGORITHMS['sha-256'](PREFETCH);
    expect(passed(`/moved?_rsc=${hash}`, headers)).toEqual({ uri: '/moved', rsc: hash, nextUrl: undefined });
  });
});

describe('left as it came is', () => {
  const headers = { ...PREFETCH, 'next-url': '/gallery' };
  const hash = ALGORITHMS['sha-256'](headers);

  it.each<[what: string, address: string, headers: Parameters<typeof edgeRequest>[1]]>([
    ['a request with another hash', '/?_rsc=AAAAAAAAAAAAAAAA', headers],
    ['a request with the hash of a version that is not known', `/?_rsc=${ALGORITHMS.unknown(headers)}`, headers],
    ['a request without a hash', '/?page=2', headers],
    ['a request with two hashes', `/?_rsc=${hash}&_rsc=${hash}`, headers],
    ['a request that says from which page twice', `/?_rsc=${hash}`, { ...headers, 'next-url': ['/gallery', '/'] }],
    ['a request that asks for no payload', `/?_rsc=${hash}`, { ...headers, rsc: '0' }],
    ['a request without `next-url`', `/?_rsc=${ALGORITHMS['sha-256'](PREFETCH)}`, PREFETCH],
    ['a path that another site answers', `/docs?_rsc=${hash}`, headers],
    ['a path below one that another site answers', `/docs/install?_rsc=${hash}`, headers],
    ['such a path in other letters', `/Blog/Posts/1?_rsc=${hash}`, headers],
  ])('%s', (_what, address, sent) => {
    const request = edgeRequest(address, sent);
    const { querystring, headers: left } = edge.run(request);
    expect(querystring).toEqual(request.querystring);
    expect(left['next-url']).toEqual(request.headers['next-url']);
  });

  it('what would take a function longer to count than CloudFront gives it', () => {
    const long = { ...headers, 'next-router-state-tree': 'x'.repeat(8000) };
    const legacy = ALGORITHMS.legacy(long);
    expect(passed(`/?_rsc=${legacy}`, long)).toEqual({ uri: '/', rsc: legacy, nextUrl: '/gallery' });
    expect(passed(`/?_rsc=${ALGORITHMS['sha-256'](long)}`, long).nextUrl).toBeUndefined();
  });
});

/**
 * A browser, the edge and a server, of which the first and the last may be of other versions while tasks are replaced: the server sends who
 * has not its hash to an address that has, and the browser goes there with the same headers.
 */
describe('while versions meet', () => {
  const servers: Record<string, readonly AlgorithmName[]> = {
    '16.2.0': ['legacy'],
    '16.4.6': ['sha-256', 'legacy'],
    'a version that is not known': ['unknown'],
  };
  const cases = Object.entries(servers).flatMap(([server, accepted]) =>
    (Object.keys(ALGORITHMS) as AlgorithmName[]).map((client) => ({ client, server, accepted })),
  );

  it.each(cases)('$client to a server of $server ends after two redirects at most', ({ client, accepted }) => {
    for (const headers of [
      { ...PREFETCH, 'next-url': '/gallery' },
      { rsc: '1', 'next-url': '/gallery' },
    ]) {
      let hash: string = ALGORITHMS[client](headers);
      let redirects = 0;
      for (;;) {
        const { querystring, headers: left } = edge.run(edgeRequest(`/?_rsc=${hash}`, headers));
        const got = Object.fromEntries(Object.entries(left).map(([name, { value }]) => [name, value]));
        const isBare = said(got) === '0,0,0,0';
        const right = accepted.map((name) => (isBare ? '' : ALGORITHMS[name](got)));
        if (right.includes(querystring._rsc?.value ?? '')) break;
        [hash = ''] = right;
        redirects += 1;
        expect(redirects).toBeLessThanOrEqual(2);
      }
      if (accepted.includes(client)) expect(redirects).toBe(0);
    }
  });
});

describe('the function', () => {
  const functionOf = (facts: Partial<BundleFacts>): string =>
    theResource(synthesizeSite({}, facts).template, 'AWS::CloudFront::Function').Properties.FunctionCode as string;

  it.each<Partial<BundleFacts>>([
    { nextVersion: '16.2.12', nextUrlPaths: [] },
    { nextVersion: '16.3.8', nextUrlPaths: [] },
    { nextVersion: '16.4.6', nextUrlPaths: [] },
    { nextVersion: '16.4.99', nextUrlPaths: ['/docs'], basePath: '/shop', trailingSlash: true },
  ])('makes equal prefetches one for %j', (facts) => {
    expect(functionOf(facts)).toContain(`const NEXT_URL_PATHS = ${JSON.stringify(facts.nextUrlPaths)};`);
  });

  it.each<[why: string, facts: Partial<BundleFacts>]>([
    ['there are intercepting routes', { nextUrlPaths: ['/'] }],
    ['the bundle is of an earlier version and does not say', { nextUrlPaths: undefined }],
    [
      'the exceptions would fill it',
      { nextUrlPaths: Array.from({ length: 100 }, (_, index) => `/elsewhere/${index}`) },
    ],
    ['Next.js is older than what is known', { nextVersion: '15.5.29', nextUrlPaths: [] }],
    ['Next.js is newer than what is known', { nextVersion: '16.5.0', nextUrlPaths: [] }],
    ['Next.js is of a newer major version', { nextVersion: '17.0.0', nextUrlPaths: [] }],
  ])('leaves them alone where %s', (_why, facts) => {
    const code = functionOf(facts);
    expect(code).not.toContain('next-url');
    expect(code).not.toContain('dropNextUrl');
  });

  it('leaves them alone where the user keys `next-url`', () => {
    const { template } = synthesize((stack) => {
      const policies = new NextjsPolicies(stack, 'Policies', { keyHeaders: ['Next-Url'] });
      new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()), policies });
    });
    expect(theResource(template, 'AWS::CloudFront::Function').Properties.FunctionCode).not.toContain('dropNextUrl');
  });

  it("shows a user's own code the request as the cache and the server get it", () => {
    const userCode = `
      const crypto = require('crypto');
      function viewerRequest(event) {
        const seen = [event.request.querystring._rsc.value, String(event.request.headers['next-url']), crypto.createHash('md5').update('a').digest('hex')];
        return { statusCode: 200, statusDescription: seen.join(' ') };
      }`;
    const withUserCode = new EdgeFunctionUnderTest({ pathsWithNextUrl: [], userCode });
    const headers = { ...PREFETCH, 'next-url': '/gallery' };
    expect(withUserCode.run(edgeRequest(`/?_rsc=${ALGORITHMS['sha-256'](headers)}`, headers))).toMatchObject({
      statusDescription: `${ALGORITHMS['sha-256'](PREFETCH)} undefined 0cc175b9c0f1b6a831c399e269772661`,
    });
  });

  it.skipIf(!hasNjs())('does the same in njs as in Node.js', () => {
    const whole = new EdgeFunctionUnderTest({
      imagePath: '/_next/image',
      pathsWithNextUrl: ['/docs'],
      userCode: 'function viewerRequest(event) { return event.request; }',
    });
    const headers = { ...PREFETCH, 'next-url': '/gallery', 'x-forwarded-host': 'evil.example', 'next-resume': '1' };
    const addresses = [
      ...['/', '/docs'].flatMap((path) =>
        Object.values(ALGORITHMS).map((algorithm) => `${path}?a=1&_rsc=${algorithm(headers)}`),
      ),
      '/_next/image?url=x',
    ];
    for (const address of addresses) {
      const request = edgeRequest(address, headers);
      expect(runInNjs(whole.code, { context: {}, request }), address).toEqual(whole.run(request));
    }
  });
});
