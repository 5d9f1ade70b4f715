import { randomUUID } from 'node:crypto';

import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { NextjsBuild, NextjsIngress, NextjsSite } from '../../../lib';
import type { PackedApp } from '../../runtime/server/packed-app';
import { addressesIn, type Answer, ask, packSite, RunningExample, stampOf } from './running-example';

/** Of a build that lives at the root, at `/shop`, and of one that asks another host for its files. */
const packed: Record<'plain' | 'base-path' | 'asset-host', PackedApp | undefined> = {
  plain: undefined,
  'base-path': undefined,
  'asset-host': undefined,
};

const PREFETCH = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };

const CERTIFICATE = 'arn:aws:acm:us-east-1:111122223333:certificate/1';

beforeAll(async () => {
  for (const name of Object.keys(packed) as (keyof typeof packed)[]) packed[name] = await packSite(name);
}, 600_000);

afterAll(async () => {
  for (const site of Object.values(packed)) await site?.remove();
});

function app(name: keyof typeof packed): PackedApp {
  const found = packed[name];
  if (found === undefined) throw new Error(`test/e2e: ${name} was not packed`);
  return found;
}

/** Starts an example before the tests of a suite, and stops it after them. */
function running(start: () => Promise<RunningExample>): () => RunningExample {
  let example: RunningExample | undefined;
  beforeAll(async () => {
    example = await start();
  });
  afterAll(() => example?.stop());
  return () => {
    if (example === undefined) throw new Error('test/e2e: the example was not started');
    return example;
  };
}

/** What holds of every site: the edge keeps its pages and files, and a revalidation ends what it keeps. */
function servesTheApp(
  site: () => RunningExample,
  at: string,
  { host = 'www.example.com', images = true }: { host?: string; images?: boolean } = {},
) {
  const get = (path: string, headers = {}) => site().get(path, { host, ...headers });
  let page: Answer;
  beforeAll(async () => {
    page = await get(at || '/');
  });

  it('answers the page, then from the edge', async () => {
    expect(page.status).toBe(200);
    const again = await get(at || '/');
    expect([again.status, again.edge]).toEqual([200, 'Hit from cloudfront']);
    expect(stampOf(again)).toBe(stampOf(page));
  });

  it('keeps a prefetch once for all pages that show the link', async () => {
    const prefetch = async (nextUrl: string) => {
      const headers = { ...PREFETCH, 'next-url': nextUrl };
      // Next.js sends on to the hash that the router would have given.
      const { status, headers: sent } = await get(at || '/', headers);
      expect(status).toBe(307);
      return get(String(sent.location), headers);
    };
    // Each request is of another page: none would be a hit, however often one asks.
    const isKept = async () => {
      const { status, edge } = await prefetch(`/${randomUUID()}`);
      expect([status, edge]).toEqual([200, 'Hit from cloudfront']);
    };
    await vi.waitFor(isKept, { timeout: 30_000, interval: 50 });
  });

  it('answers every file that the page names, from the bucket and for ever', async () => {
    const files = addressesIn(page, /\.(js|css)$/).map((address) => new URL(address, `http://${host}`));
    expect(files.length).toBeGreaterThan(3);
    for (const { host: asked, pathname } of files) {
      const { status, headers } = await get(pathname, { host: asked });
      expect([status, headers['cache-control']], pathname).toEqual([200, 'public, max-age=31536000, immutable']);
      // S3's entity tags are strong and of MD5, those of Next.js weak.
      expect(headers.etag, pathname).toMatch(/^(W\/)?"[0-9a-f]{32}(-[a-z]+)?"$/);
    }
  });

  it('answers 404 for a file of no build, and asks again the next time', async () => {
    const [chunk = ''] = addressesIn(page, /\.js$/);
    const { pathname, host: asked } = new URL(chunk.replace(/[^/]+$/, 'gone.js'), `http://${host}`);
    const answers = [await get(pathname, { host: asked }), await get(pathname, { host: asked })];
    expect(answers.map(({ status, edge }) => [status, edge])).toEqual([
      [404, 'Error from cloudfront'],
      [404, 'Error from cloudfront'],
    ]);
  });

  it.runIf(images)('optimizes the image of the page, and keeps it', async () => {
    const [image = ''] = addressesIn(page, /_next\/image\?/);
    const ask = () => get(image.replace(/^https?:\/\/[^/]+/, ''), { accept: 'image/webp,*/*' });
    const answers = [await ask(), await ask()];
    expect(answers.map(({ status, headers, edge }) => [status, headers['content-type'], edge])).toEqual([
      [200, 'image/webp', 'Miss from cloudfront'],
      [200, 'image/webp', 'Hit from cloudfront'],
    ]);
  });

  it('renews the page at the edge when its tag is revalidated', async () => {
    const { stack } = site();
    const before = stampOf(await get(at || '/'));
    const answer = await ask(new URL(`${at}/api/revalidate`, stack.url), { host }, 'POST');
    expect([answer.status, answer.body]).toEqual([200, 'revalidated']);
    await stack.settled();
    const after = await get(at || '/');
    expect(stampOf(after)).not.toBe(before);
  });
}

describe('the example of a base path', () => {
  const site = running(() => RunningExample.start('base-path', { '../web': app('base-path') }));

  it('sends a visitor of the bare name on', async () => {
    const { status, headers } = await site().get('/');
    expect([status, headers.location]).toEqual([307, '/shop']);
  });

  describe('as any site', () => {
    servesTheApp(site, '/shop');
  });
});

describe('the example of an asset host', () => {
  const site = running(() => RunningExample.start('asset-host', { '../web': app('asset-host') }));

  it('has the page ask the other host for its files', async () => {
    const files = addressesIn(await site().get('/', { host: 'www.example.com' }), /\.(js|css)$/);
    expect(files.filter((file) => !file.startsWith('https://assets.example.com/_next/static/'))).toEqual([]);
  });

  it('lets the page of the one host read modules and fonts of the other', async () => {
    const host = 'assets.example.com';
    const [style = ''] = addressesIn(await site().get('/', { host: 'www.example.com' }), /\.css$/);
    const { body } = await site().get(new URL(style).pathname, { host });
    const [font = ''] = /[^("']+\.woff2/.exec(body) ?? [];
    const url = new URL(font, style);
    const { status, headers } = await site().get(url.pathname, { host, origin: 'https://www.example.com' });
    expect([status, headers['content-type'], headers['access-control-allow-origin']]).toEqual([200, 'font/woff2', '*']);
  });

  // Its image lies on the other host, which the optimizer asks by a name that is not known here.
  describe('as any site', () => {
    servesTheApp(site, '', { images: false });
  });
});

describe('the example of an existing network, cluster and listener', () => {
  const site = running(() => RunningExample.start('existing-vpc', { '../storefront': app('plain') }));
  const host = 'shop.example.com';

  it("has its tasks behind the rule of the platform's listener, which answers other names itself", async () => {
    const { balancers } = site().stack.state;
    expect(balancers).toHaveLength(1);
    const [listener = ''] = Object.values(balancers[0]?.listeners ?? {});
    const answers = [await ask(new URL(listener), { host }), await ask(new URL(listener), { host: 'www.example.com' })];
    expect(answers.map(({ status }) => status)).toEqual([200, 404]);
  });

  describe('as any site', () => {
    servesTheApp(site, '', { host });
  });
});

describe('the example of a distribution that exists', () => {
  const site = running(() => RunningExample.start('existing-distribution', { '../web': app('base-path') }));

  it("leaves the owner's paths to the owner's bucket", async () => {
    const { status, body } = await site().get('/index.html');
    expect([status, body]).toEqual([403, expect.stringContaining('existingdistributionmarketing-pages')]);
  });

  it('tells the edge the tags by the header that it had, and no viewer', async () => {
    const [replica] = site().stack.replicas;
    const past = await ask(new URL('/shop', replica?.url), {});
    expect(past.headers['edge-cache-tag']).toMatch(/\bdeployment-[0-9a-f]{16}\b/);
    expect((await site().get('/shop')).headers).not.toHaveProperty('edge-cache-tag');
  });

  describe('as any site', () => {
    servesTheApp(site, '/shop');
  });
});

describe('the example of two sites', () => {
  const site = running(() =>
    RunningExample.start('two-sites', { '../storefront': app('plain'), '../use-cache': app('base-path') }),
  );

  it('runs both, each with an edge of its own, and says where the second is', async () => {
    const { stack } = site();
    const [shop, timetable] = stack.state.edges.map(({ url }) => url);
    expect(stack.notes.filter((note) => note.startsWith('distribution'))).toEqual([
      expect.stringMatching(new RegExp(`^distribution Timetable\\w+ is at ${timetable ?? ''}$`)),
    ]);
    const answers = await Promise.all([ask(new URL('/', shop), {}), ask(new URL('/shop', timetable), {})]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('has one bucket and one table, in which each keeps to its name', async () => {
    const { stack } = site();
    const [, timetable = ''] = stack.state.balancers.map(({ listeners }) => Object.values(listeners)[0] ?? '');
    const page = () => ask(new URL('/shop', timetable));
    const before = [stampOf(await site().get('/')), stampOf(await page())];
    await ask(new URL('/api/revalidate', stack.url), {}, 'POST');
    await stack.settled();
    const after = [stampOf(await site().get('/')), stampOf(await page())];
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(stack.state.stores.dynamodb.tables).toHaveLength(1);
  });

  describe('as any site', () => {
    servesTheApp(site, '');
  });
});

describe('the example of a monorepo', () => {
  const site = running(() => RunningExample.start('pnpm-monorepo/infra', { '../apps/web': app('plain') }));

  it("runs the server in the app's folder, with modules that lie linked above it", async () => {
    expect(site().stack.state.build?.server.directory).toBe('sites/plain');
    expect((await site().get('/')).status).toBe(200);
  });
});

/** No example, but another way in: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html */
describe('a site behind an internet-facing load balancer', () => {
  const site = running(() =>
    RunningExample.of((stack) => {
      const certificate = Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
      const zone = { hostedZoneId: 'Z0000000000EXAMPLE', zoneName: 'example.com' };
      const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', zone);
      new NextjsSite(stack, 'Site', {
        nextBuild: NextjsBuild.fromDirectory(app('plain').directory),
        ingress: NextjsIngress.internetFacing({ domainName: 'origin.example.com', certificate, hostedZone }),
      });
    }),
  );

  it('is refused to whoever asks the load balancer and does not know the secret', async () => {
    const [listener = ''] = Object.values(site().stack.state.balancers[0]?.listeners ?? {});
    const guesses: Record<string, string>[] = [{}, { 'x-origin-secret': 'guess' }, { host: 'origin.example.com' }];
    const answers = await Promise.all(guesses.map((headers) => ask(new URL(listener), headers)));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(guesses.map(() => [403, 'Forbidden']));
  });

  it('does not let a viewer say the secret in the place of CloudFront', async () => {
    const { status } = await site().get('/', { 'x-origin-secret': 'guess' });
    expect(status).toBe(200);
  });

  describe('as any site', () => {
    servesTheApp(site, '');
  });
});
