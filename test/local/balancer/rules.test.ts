import { afterEach, describe, expect, it } from 'vitest';

import { ask, closeAll, fixed, rule, startBalancer, type AskOptions } from './support';

afterEach(closeAll);

const path = (...Values: string[]): unknown => ({ Field: 'path-pattern', PathPatternConfig: { Values } });
const host = (...Values: string[]): unknown => ({ Field: 'host-header', HostHeaderConfig: { Values } });
const header = (HttpHeaderName: string, ...Values: string[]): unknown => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, Values },
});
const method = (...Values: string[]): unknown => ({
  Field: 'http-request-method',
  HttpRequestMethodConfig: { Values },
});
const query = (...Values: { Key?: string; Value: string }[]): unknown => ({
  Field: 'query-string',
  QueryStringConfig: { Values },
});
const source = (...Values: string[]): unknown => ({ Field: 'source-ip', SourceIpConfig: { Values } });

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html */
const CONDITIONS: [sentence: string, conditions: unknown[], request: AskOptions, matches: boolean][] = [
  ['"*" of a path pattern is any run of characters', [path('/img/*')], { path: '/img/a/b.png' }, true],
  ['"?" of a path pattern is exactly one character', [path('/a?c')], { path: '/ac' }, false],
  ['a path pattern is compared with case', [path('/IMG/*')], { path: '/img/a' }, false],
  ['a path pattern does not see the query', [path('/a')], { path: '/a?b=1' }, true],
  ['one of several values is enough', [path('/x', '/y')], { path: '/y' }, true],
  [
    'a host is compared without case and port',
    [host('*.Example.com')],
    { headers: { host: 'shop.example.COM:8080' } },
    true,
  ],
  ['"*.example.com" does not take "example.com"', [host('*.example.com')], { headers: { host: 'example.com' } }, false],
  [
    'a header is compared without case',
    [header('X-Deployment-Id', 'V2*')],
    { headers: { 'x-deployment-id': 'v2-blue' } },
    true,
  ],
  ['a header that is absent does not match', [header('X-Deployment-Id', '*')], {}, false],
  ['a method is compared as it is', [method('PUT')], { method: 'PUT' }, true],
  ['a query needs key and value', [query({ Key: 'version', Value: 'v1' })], { path: '/?version=v2' }, false],
  ['a query without a key matches any value', [query({ Value: '*shirt*' })], { path: '/?q=red%20shirts' }, true],
  ['a source address is compared with a range', [source('127.0.0.0/8')], {}, true],
  ['a source address outside the range does not match', [source('10.0.0.0/8')], {}, false],
  ['all conditions must hold', [path('/a'), method('POST')], { path: '/a' }, false],
];

describe('a rule of a listener', () => {
  it.each(CONDITIONS)('%s', async (_, conditions, request, matches) => {
    const balancer = await startBalancer({
      rules: [rule(1, conditions, fixed('rule'))],
      listener: { DefaultActions: [fixed('default')] },
    });
    const { body } = await ask(balancer.port, request);
    expect(body).toBe(matches ? 'rule' : 'default');
  });

  it('with a lower number goes first', async () => {
    const rules = [rule(20, [path('/*')], fixed('twenty')), rule(3, [path('/*')], fixed('three'))];
    const balancer = await startBalancer({ rules });
    expect((await ask(balancer.port)).body).toBe('three');
  });

  it('answers with a fixed response', async () => {
    const balancer = await startBalancer({ listener: { DefaultActions: [fixed('closed', '503')] } });
    const answer = await ask(balancer.port);
    expect(answer).toMatchObject({ status: 503, body: 'closed' });
    expect(answer.headers).toMatchObject({ server: 'awselb/2.0', 'content-type': 'text/plain; charset=utf-8' });
  });

  it('redirects, with parts of the request in the location', async () => {
    const action = {
      Type: 'redirect',
      RedirectConfig: { Protocol: 'HTTPS', Port: '443', Path: '/new/#{path}', StatusCode: 'HTTP_301' },
    };
    const balancer = await startBalancer({ listener: { DefaultActions: [action] } });
    const { status, headers } = await ask(balancer.port, { path: '/a/b?c=d', headers: { host: 'example.com' } });
    expect([status, headers.location]).toEqual([301, 'https://example.com:443/new/a/b?c=d']);
  });

  it('of another listener is left out', async () => {
    const foreign = rule(1, [path('/*')], fixed('foreign'));
    const rules = [{ ...foreign, properties: { ...foreign.properties, ListenerArn: 'arn:other' } }];
    const balancer = await startBalancer({ rules, listener: { DefaultActions: [fixed('own')] } });
    expect((await ask(balancer.port)).body).toBe('own');
  });

  it('that forwards to an unknown target group is refused at once', async () => {
    await expect(startBalancer({ groups: [] })).rejects.toThrow(
      'a rule forwards to target group "arn:group"; the template has: none',
    );
  });
});
