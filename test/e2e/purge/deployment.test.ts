import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { Bundle } from '../../../contract';
import { prepareAssets, prepareRelease } from '../../fixtures/prepare';
import { PackedApp } from '../../runtime/server/packed-app';
import { type Deployment, deployUnderLoad, unbroken } from '../checks/deployment';
import { REPRESENTATIONS } from '../checks/representations';
import type { ViewedSite } from '../checks/site';
import { skew } from '../checks/skew';
import { complain, visit, Visitors, type Visit } from '../checks/visitors';
import { PurgedSite, type PurgedSiteOptions, type Template } from './purged-site';

const HIT = 'Hit from cloudfront';
const LASTING = ['/', '/posts/first', '/legacy'];
const TIMEOUT = 240_000;
const FIRST_TASK_ONLY = pathToFileURL(path.join(import.meta.dirname, 'first-task-only.mjs'));

let one: PackedApp;
let two: PackedApp;

beforeAll(async () => {
  await prepareAssets();
  one = await PackedApp.packBuilt(await prepareRelease('one'));
  two = await PackedApp.packBuilt(await prepareRelease('two'));
  return () => Promise.all([one.remove(), two.remove()]);
});

describe('a deployment while visitors load pages and everything that they name', { timeout: TIMEOUT }, () => {
  let site: PurgedSite;
  let deployment: Deployment | undefined;

  beforeAll(async () => {
    site = await startSite();
    return () => site.stop();
  });

  it('breaks no page, and leaves none of the old release at the edge', async () => {
    const deploy = async (): Promise<void> => {
      expect(await site.deploy(two)).toMatchObject({ outcome: 'completed' });
      await site.stack.settled();
    };
    deployment = await deployUnderLoad({ ...viewed(site), deploy }, { lasting: LASTING, pages: pageOf });
    expect(unbroken(deployment).problems).toEqual([]);
    expect(releasesOf(deployment.visits)).toEqual(new Set(['one', 'two']));
    expect(await releasesAt(site, deployment.visits)).toEqual(new Set(['two']));
    expect(new Set(site.purged)).toEqual(new Set(['#page']));
  });

  it('leaves pages of the old release their files', async () => {
    if (deployment === undefined) throw new Error('test/e2e: nothing was deployed');
    expect((await skew(viewed(site), deployment)).problems).toEqual([]);
  });

  it('leaves pages of either release their pictures, whichever task is asked', async () => {
    for (const app of [one, two]) {
      // In a width that the edge has not seen yet.
      const picture = `/_next/image?url=${encodeURIComponent(pictureOf(app))}&w=384&q=75`;
      const { status, headers } = await fetch(new URL(picture, site.stack.url));
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^image\//)]);
    }
  });

  it('that is rolled back breaks no page either, and leaves none of the failed release at the edge', async () => {
    await Promise.all(LASTING.map((page) => untilKept(site, page)));
    const visitors = new Visitors(viewed(site), 4, (visitor, turn) => pageOf(visitor, 1000 + turn));
    const environment = {
      NODE_OPTIONS: `--import ${FIRST_TASK_ONLY.href}`,
      FIXTURE_FIRST_TASK: path.join(site.scratch, 'first-task'),
    };
    expect(await site.deploy(one, { environment })).toMatchObject({ outcome: 'rolled-back' });
    await site.stack.settled();
    const visits = await visitors.end();

    expect(visits.flatMap(complain)).toEqual([]);
    // Its only task has answered visitors, and the edge would have kept what it said for a year.
    expect(releasesOf(visits)).toEqual(new Set(['one', 'two']));
    expect(await releasesAt(site, visits)).toEqual(new Set(['two']));
  });
});

describe(
  'a deployment whose files come after its tasks, and after which nothing is purged',
  { timeout: TIMEOUT },
  () => {
    it('breaks pages, and leaves old ones at the edge', async () => {
      const site = await startSite({ replicas: 1, purge: false });
      onTestFinished(() => site.stop());
      const visitors = new Visitors(viewed(site), 4, pageOf);
      expect(await site.deploy(two, { spoil: uploadAfterService })).toMatchObject({ outcome: 'completed' });
      const visits = await visitors.end();
      expect(visits.filter((visited) => releaseOf(visited) === 'two' && visited.missing.length > 0)).not.toEqual([]);
      expect(releaseOf(await visit(viewed(site), '/'))).toBe('one');
    });
  },
);

async function startSite(options: PurgedSiteOptions = {}): Promise<PurgedSite> {
  const site = await PurgedSite.start(one, options);
  await Promise.all(LASTING.map((page) => untilKept(site, page)));
  return site;
}

/** The picture that the app imports, which each release has under another name. */
function pictureOf(app: PackedApp): string {
  const folder = path.join(app.directory, Bundle.DIRECTORY, Bundle.STATIC_DIRECTORY, '_next/static/media');
  return `/_next/static/media/${readdirSync(folder)[0] ?? 'none'}`;
}

/** Pages that the edge has, and each time one that nobody has asked for yet. */
function pageOf(visitor: number, turn: number): string {
  return turn % 2 === 0 ? `/posts/${visitor}-${turn}` : (LASTING[(turn >> 1) % LASTING.length] ?? '/');
}

async function untilKept(site: PurgedSite, page: string): Promise<void> {
  await vi.waitUntil(async () => (await site.view(page)).edge === HIT, { timeout: 30_000, interval: 50 });
}

function viewed({ stack: { url } }: PurgedSite): ViewedSite {
  return { url, fetch };
}

function releaseOf({ build }: Visit): string | undefined {
  return Object.entries({ one, two }).find(([, { facts }]) => facts.buildId === build)?.[0];
}

function releasesOf(visits: readonly Visit[]): Set<string | undefined> {
  return new Set(visits.map(releaseOf));
}

/** What the edge has of all pages that were visited, in all that a browser asks for. */
async function releasesAt(site: PurgedSite, visits: readonly Visit[]): Promise<Set<string>> {
  const pages = [...new Set(visits.map(({ page }) => page))];
  const releases = new Set<string>();
  for (const page of pages) {
    const answers = await Promise.all(REPRESENTATIONS.map((headers) => site.view(page, headers)));
    for (const { body } of answers) {
      for (const [, release] of body.matchAll(/data-release="(\w+)"/g)) if (release) releases.add(release);
    }
  }
  return releases;
}

/** The wrong order: CloudFormation would replace the tasks first. */
function uploadAfterService({ Resources: resources }: Template): void {
  const idOf = (type: string) => Object.keys(resources).find((id) => resources[id]?.Type === type) ?? '';
  const [upload, service] = [idOf('Custom::NextjsAssets'), idOf('AWS::ECS::Service')];
  for (const resource of Object.values(resources)) {
    if (resource.DependsOn) resource.DependsOn = resource.DependsOn.filter((id) => id !== upload);
  }
  resources[upload]?.DependsOn?.push(service);
}
