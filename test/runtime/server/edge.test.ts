import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { NEVER_STORED } from '../../../runtime/http/policy';
import { RunningStack } from '../../e2e/local-stack';
import { prepareApp } from '../../fixtures/prepare';
import { requestedVersions } from '../../fixtures/versions';
import { type Answered, type AskOptions, ask as askPort } from '../with-server';

const RSC = { rsc: '1' };
const HIT = 'Hit from cloudfront';
const HTML = /^text\/html/;
const PAYLOAD = /^text\/x-component/;

interface Attack {
  readonly headers: Record<string, string>;
  readonly query?: string;
}

describe.each(requestedVersions())('through the edge, an app on Next.js %s', (version) => {
  let stack: RunningStack;

  beforeAll(async () => {
    stack = await RunningStack.start({ app: await prepareApp(version), replicas: 2 });
  });

  afterAll(async () => {
    await stack.stop();
  });

  function ask(target: string, options?: AskOptions): Promise<Answered> {
    return askPort(Number(new URL(stack.url).port), target, options);
  }

  const cookie = (value: string): AskOptions => ({ headers: { cookie: value } });
  const bearer = (name: string): AskOptions => ({ headers: { authorization: `Bearer ${name}` } });

  it.each(['/with-cookie', '/api/cookie'])('never replays a cookie: %s', async (path) => {
    for (let viewer = 0; viewer < 5; viewer += 1) {
      const { headers } = await ask(path);
      expect(headers['x-cache']).not.toBe(HIT);
      expect(headers['set-cookie']).toBeDefined();
    }
  });

  it('gives each viewer the cookie that its proxy made for them, even when they ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/guarded', cookie('pass=new'))));
    const visitors = answers.map(({ headers }) => headers['set-cookie']?.join());
    expect(new Set(visitors).size).toBe(20);
    expect((await ask('/guarded')).status).toBe(401);
  });

  it.each([
    ['with the payload first', '/posts/payload-first', true],
    ['with the page first', '/posts/page-first', false],
  ])('never serves an RSC payload as a page nor the reverse, %s', async (_, path, payloadFirst) => {
    const paths = [path, `${path}?_rsc=forged`, `${path}?_rsc=`];
    const kinds = payloadFirst ? [RSC, {}] : [{}, RSC];
    for (const headers of [...kinds, ...kinds]) {
      for (const target of paths) {
        const { status, headers: answered } = await ask(target, { headers });
        if (status === 307) continue;
        expect([status, target]).toEqual([200, target]);
        expect(answered['content-type']).toMatch('rsc' in headers ? PAYLOAD : HTML);
      }
    }
  });

  it('keeps both apart when they are asked for at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const headers = index % 2 === 0 ? RSC : {};
        return { wanted: index % 2 === 0 ? PAYLOAD : HTML, answer: await ask('/posts/at-once', { headers }) };
      }),
    );
    for (const { wanted, answer } of answers) {
      if (answer.status !== 307) expect(answer.headers['content-type']).toMatch(wanted);
    }
  });

  it('shows a draft to its viewer alone', async () => {
    expect((await ask('/draft')).body).toContain('published');
    const draft = (await ask('/api/draft')).headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ') ?? '';
    for (let round = 0; round < 3; round += 1) {
      const seen = await ask('/draft', cookie(draft));
      expect(seen.body).toContain('data-value="draft"');
      expect(seen.headers['x-cache']).not.toBe(HIT);
      expect((await ask('/draft')).body).toContain('data-value="published"');
    }
  });

  it('answers each Authorization for itself', async () => {
    for (const name of ['alice', 'bob', 'alice']) {
      const { body, headers } = await ask('/api/authorized', bearer(name));
      expect(body).toContain(`Bearer ${name}`);
      expect(headers['x-cache']).not.toBe(HIT);
    }
    expect((await ask('/api/authorized')).body).toContain('"authorization":null');
  });

  it('runs server actions under the name that the viewer used, and under no other', async () => {
    const form = await hiddenFields('shop.example.com');
    const post = (origin: string): Promise<Answered> => {
      const boundary = 'boundary';
      const fields = { ...form, tag: 'post:acted' };
      const parts = Object.entries(fields).map(
        ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      return ask('/actions', {
        method: 'POST',
        headers: {
          host: 'shop.example.com',
          origin,
          'x-forwarded-host': 'evil.example.com',
          'content-type': `multipart/form-data; boundary=${boundary}`,
        },
        body: `${parts.join('')}--${boundary}--\r\n`,
      });
    };
    expect((await post('http://shop.example.com')).status).toBeLessThan(400);
    expect((await post('http://evil.example.com')).status).toBe(500);
  });

  async function hiddenFields(host: string): Promise<Record<string, string>> {
    const page = (await ask('/actions', { headers: { host } })).body;
    const form =
      /<form\b[^>]*id="revalidate"[^>]*>(.*?)<\/form>/s.exec(page)?.[1] ??
      /<form\b[^>]*>(.*?)<\/form>/s.exec(page)?.[1] ??
      '';
    const inputs = [...form.matchAll(/<input\b[^>]*name="(\$ACTION[^"]*)"(?:[^>]*value="([^"]*)")?/g)];
    return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value.replaceAll('&quot;', '"')]));
  }

  /** Each has been, or might be, a way to have the edge keep something else than what the next viewer should get. */
  describe('cannot be poisoned', () => {
    const MARK = 'poisoned';
    const attacks: readonly (readonly [name: string, attack: Attack])[] = [
      [
        'GHSA-gp8f-8m3g-qvj9 (x-now-route-matches)',
        { headers: { 'x-now-route-matches': '1', 'x-matched-path': '/api/dynamic' } },
      ],
      [
        'GHSA-qpjv-v59x-3qc4 (data in place of a page)',
        { headers: { 'x-now-route-matches': '1', 'x-nextjs-data': '1' }, query: '__nextDataReq=1' },
      ],
      ['GHSA-67rr-84xm-4c7r (an empty answer)', { headers: { 'x-nextjs-data': '1', purpose: 'prefetch' } }],
      ['GHSA-c59h-r6p8-q9wc (an empty prefetch)', { headers: { 'x-middleware-prefetch': '1' } }],
      ['GHSA-r2fc-ccr8-96c4 (a payload without _rsc)', { headers: { rsc: '1' } }],
      ['GHSA-wfc6-r584-vfw7 (an RSC header of another value)', { headers: { rsc: 'true' } }],
      ['GHSA-wfc6-r584-vfw7 (an RSC header that is given twice)', { headers: { RSC: '1, 1' } }],
      [
        "a router's prefetch",
        { headers: { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' } },
      ],
      [
        'GHSA-vfv6-92ff-j949 (a _rsc that is not its own)',
        { headers: { rsc: '1', 'next-url': '/poisoned' }, query: '_rsc=victim' },
      ],
      [
        "a router's state",
        { headers: { rsc: '1', 'next-router-state-tree': '%5B%22poisoned%22%5D', 'next-url': '/poisoned' } },
      ],
      ['GHSA-3g8h-86w9-wvmq (x-nextjs-data)', { headers: { 'x-nextjs-data': '1' } }],
      ['GHSA-ffhc-5mcf-pf4q (a nonce)', { headers: { 'content-security-policy': "script-src 'nonce-poisoned'" } }],
      ['GHSA-mg66-mrh9-m8jx (next-resume)', { headers: { 'next-resume': '1' } }],
      [
        'GHSA-f82v-jwr5-mffw (x-middleware-subrequest)',
        { headers: { 'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware' } },
      ],
      [
        'a forged host',
        {
          headers: {
            'x-forwarded-host': 'poisoned.example.com',
            'x-forwarded-proto': 'poisoned',
            'x-forwarded-port': '6666',
          },
        },
      ],
      [
        'a forged prefix',
        { headers: { 'x-forwarded-prefix': '/poisoned', 'x-original-url': '/poisoned', 'x-rewrite-url': '/poisoned' } },
      ],
      [
        'a forged revalidation',
        { headers: { 'x-prerender-revalidate': 'poisoned', 'x-prerender-revalidate-if-generated': '1' } },
      ],
      ['a forged verdict', { headers: { 'x-nextjs-verdict': 'poisoned', 'x-nextjs-cache-tag': 'poisoned' } }],
      ['a forged draft', { headers: { cookie: '__prerender_bypass=poisoned; __next_preview_data=poisoned' } }],
      ['another method in a header', { headers: { 'x-http-method-override': 'POST', 'x-http-method': 'HEAD' } }],
      ['a part of the body', { headers: { range: 'bytes=0-9' } }],
      ['a validator that fits everything', { headers: { 'if-none-match': '*' } }],
      ['an action on GET', { headers: { 'next-action': 'poisoned' } }],
      ['an oversized header', { headers: { 'x-oversized': MARK.repeat(1500) } }],
    ];
    const kinds = [
      ['an App Router page', (name: string) => `/posts/${name}`, HTML, 'post '],
      ['a Pages Router page', (name: string) => `/legacy/${name}`, HTML, 'data-render-id'],
      ['a route handler', (name: string) => `/api/kept/${name}`, /^application\/json/, '"value"'],
    ] as const;

    it.each(attacks)('%s', async (name, { headers, query }) => {
      const key = `victim-${attacks.findIndex(([known]) => known === name)}`;
      for (const [kind, path, contentType, content] of kinds) {
        const target = path(key);
        const attacked = query === undefined ? target : `${target}?${query}`;
        await Promise.all([ask(attacked, { headers }), ask(attacked, { headers })]);
        for (const victim of [await ask(attacked), await ask(target)]) {
          expect([kind, victim.status]).toEqual([kind, 200]);
          expect(victim.headers['content-type']).toMatch(contentType);
          expect(victim.body).toContain(content);
          expect(victim.body).not.toContain(MARK);
          expect(JSON.stringify(victim.headers)).not.toContain(MARK);
        }
      }
    });

    it('a proxy (middleware) is not left out', async () => {
      const headers = { 'x-middleware-subrequest': 'proxy:proxy:proxy:proxy:proxy', ...RSC };
      for (const path of ['/guarded', '/guarded?_rsc=a', '/%67uarded', '/_next/../guarded']) {
        const { status, headers: answered } = await ask(path, { headers });
        expect([path, status < 300 ? answered['cache-control'] : NEVER_STORED]).toEqual([path, NEVER_STORED]);
        if (path !== '/_next/../guarded') expect(status).toBeGreaterThan(300);
      }
    });
  });
});
