import { connect } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { normalizePath, pathMatcher } from '../../../local/edge/path-pattern';
import {
  ALLOWED_METHODS,
  CACHE_POLICY,
  GENERAL_LIMITS,
  GET_BODY,
  PATH_PATTERN,
  REQUEST_LENGTH,
  ROOT_OBJECT,
  TARGET_ORIGIN,
} from './documentation';
import { closeAll, respond, startEdge, startOrigin, until } from './support';

afterEach(closeAll);

const PATTERNS: [pattern: string, path: string, matches: boolean][] = [
  ['/images/*', '/images/a.jpg', true],
  ['/images/*', '/images/a/b.jpg', true],
  ['/images/*', '/images', false],
  ['images/*', '/images/a.jpg', true],
  ['*.jpg', '/a/b.jpg', true],
  ['*.jpg', '/a/b.JPG', false],
  ['/a?.jpg', '/ab.jpg', true],
  ['/a?.jpg', '/a.jpg', false],
  ['/a??.jpg', '/abc.jpg', true],
  ['/*/b', '/a/b', true],
  ['/_next/static/*', '/_next/static/chunks/%5Bslug%5D.js', true],
  ['/a.b', '/aXb', false],
  ['/(a)', '/(a)', true],
  ['*', '/anything', true],
];

describe('a path pattern', () => {
  it.each(PATTERNS)(`"%s" with %s: %s (${PATH_PATTERN})`, (pattern, path, matches) => {
    expect(pathMatcher(pattern)(path)).toBe(matches);
  });

  const NORMALIZED: [raw: string, normalized: string][] = [
    ['/a/../b', '/b'],
    ['/a/./b/', '/a/b/'],
    ['/%61', '/a'],
    ['/a%2fb', '/a%2Fb'],
    ['/../../a', '/a'],
    ['/a/..', '/'],
    ['/a//b', '/a//b'],
  ];
  it.each(NORMALIZED)(`sees %s as %s, after RFC 3986 (${PATH_PATTERN})`, (raw, normalized) => {
    expect(normalizePath(raw)).toBe(normalized);
  });
});

describe('a behaviour', () => {
  it(`is the first whose pattern matches, in the order of the template (${PATH_PATTERN})`, async () => {
    const origin = await startOrigin();
    const edge = await startEdge(origin, { behaviors: [{ PathPattern: '/a/*' }, { PathPattern: '/a/b/*' }] });
    await edge.get('/a/b/c');
    await edge.get('/b');
    expect((await edge.logged(2)).map(({ behavior }) => behavior)).toEqual(['/a/*', '*']);
  });

  it(`is found by the normalized path, and the origin gets the raw one (${PATH_PATTERN})`, async () => {
    const origin = await startOrigin();
    const edge = await startEdge(origin, { behaviors: [{ PathPattern: '/b/*' }] });
    await edge.get('/a/../%62/c');
    const [event] = await edge.logged(1);
    expect([event?.behavior, origin.requests[0]?.url]).toEqual(['/b/*', '/a/../%62/c']);
  });

  it(`turns away methods that it does not allow, with 403 (${ALLOWED_METHODS})`, async () => {
    const origin = await startOrigin();
    const edge = await startEdge(origin, { behavior: { AllowedMethods: ['GET', 'HEAD'] } });
    const answer = await edge.ask({ method: 'POST' });
    expect([answer.status, answer.headers['x-cache'], answer.headers.server]).toEqual([
      403,
      'Error from cloudfront',
      'CloudFront',
    ]);
    expect(origin.requests).toHaveLength(0);
  });

  it(`turns away a GET with a body, with 403 (${GET_BODY})`, async () => {
    const edge = await startEdge(await startOrigin());
    expect((await edge.ask({ method: 'GET', body: 'x', headers: { 'content-length': '1' } })).status).toBe(403);
  });

  it('does not redirect local viewers to HTTPS, and passes http on as their protocol', async () => {
    const edge = await startEdge(await startOrigin(), { behavior: { ViewerProtocolPolicy: 'redirect-to-https' } });
    expect((await edge.get('/')).status).toBe(200);
  });

  it(`shows the default root object for "/" alone (${ROOT_OBJECT})`, async () => {
    const origin = await startOrigin();
    const edge = await startEdge(origin, { config: { DefaultRootObject: 'index.html' } });
    await edge.get('/');
    await edge.get('/a/');
    expect(origin.requests.map(({ url }) => url)).toEqual(['/index.html', '/a/']);
  });

  it(`that names no origin of the distribution is refused at once (${TARGET_ORIGIN})`, async () => {
    await expect(startEdge(undefined, { behavior: { TargetOriginId: 'other' } })).rejects.toThrow(
      'behaviour "*" names origin "other"; the distribution has: app',
    );
  });

  it(`that names an unknown policy is refused at once (${CACHE_POLICY})`, async () => {
    await expect(startEdge(undefined, { behavior: { CachePolicyId: 'none-such' } })).rejects.toThrow(
      'no AWS::CloudFront::CachePolicy with the id "none-such"',
    );
  });
});

describe('a request beyond the quotas', () => {
  it(`has a URL of more than 8,192 bytes: 413 (${REQUEST_LENGTH})`, async () => {
    const origin = await startOrigin();
    const edge = await startEdge(origin);
    expect((await edge.get(`/${'a'.repeat(8_200)}`)).status).toBe(413);
    expect((await edge.get(`/${'a'.repeat(8_000)}`)).status).toBe(200);
  });

  it(`has more than 32,768 bytes without its body: 413 (${GENERAL_LIMITS})`, async () => {
    const edge = await startEdge(await startOrigin());
    expect((await edge.get('/', { 'x-large': 'a'.repeat(33_000) })).status).toBe(413);
    expect((await edge.get('/', { 'x-large': 'a'.repeat(70_000) })).status).toBe(413);
  });

  it('is no HTTP at all: 400', async () => {
    const edge = await startEdge(await startOrigin());
    const socket = connect(edge.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.write('nonsense\r\n\r\n');
    await until(() => text !== '');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('what is not emulated', () => {
  it('is named', async () => {
    const edge = await startEdge(await startOrigin(respond({})), {
      behavior: { LambdaFunctionAssociations: [{ EventType: 'origin-request' }], TrustedKeyGroups: ['k'] },
      config: {
        WebACLId: 'arn:waf',
        Restrictions: { GeoRestriction: { RestrictionType: 'whitelist', Locations: ['DE'] } },
        Logging: { Bucket: 'b' },
      },
      origin: { OriginShield: { Enabled: true, OriginShieldRegion: 'us-east-1' } },
    });
    expect(edge.edge.unsupported).toEqual([
      'Origin Shield: the edge is one cache already, so there is no second layer',
      'AWS WAF: no request is filtered',
      'geographic restrictions: the country of a local viewer is not known',
      'access logs are not written',
      'behaviour *: Lambda@Edge functions do not run',
      'behaviour *: signed URLs and cookies are not checked',
    ]);
  });
});
