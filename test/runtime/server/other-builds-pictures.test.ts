import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import type { BundleFacts } from '../../../contract';
import { OtherBuildsPictures } from '../../../runtime/server/other-builds-pictures';

describe('a picture that a page of another build names', () => {
  let appDirectory: string;

  beforeAll(async () => {
    appDirectory = await mkdtemp(path.join(tmpdir(), 'pictures-'));
    const media = path.join(appDirectory, '.next/static/media');
    await mkdir(media, { recursive: true });
    await writeFile(path.join(media, 'own.1.png'), '');
    await writeFile(path.join(media, 'own picture.1.png'), '');
    return () => rm(appDirectory, { recursive: true });
  });

  const find = (url: string, imagePath = '/_next/image'): string | undefined => {
    const facts = { images: { path: imagePath }, server: { distDirectory: '.next' } } as BundleFacts;
    return new OtherBuildsPictures({ facts, appDirectory }).tryFindOriginal(url);
  };
  const optimized = (original: string): string => `/_next/image?url=${encodeURIComponent(original)}&w=64&q=75`;

  it.each(['/_next/static/media/other.2.png', '/shop/_next/static/media/other%20one.2.png'])(
    'is to be had as it is: %s',
    (original) => {
      expect(find(optimized(original))).toBe(original);
    },
  );

  it('is found below a base path', () => {
    const original = '/shop/_next/static/media/other.2.png';
    expect(find(`/shop${optimized(original)}`, '/shop/_next/image')).toBe(original);
  });

  it.each([
    optimized('/_next/static/media/own.1.png'),
    optimized('/_next/static/media/own%20picture.1.png'),
    optimized('/picture.png'),
    optimized('/_next/static/media/../../secret.png'),
    optimized('/_next/static/media/%ff.png'),
    optimized('//example.com/_next/static/media/other.2.png'),
    optimized('https://example.com/_next/static/media/other.2.png'),
    optimized('/_next/static/media/other.2.png\r\nset-cookie: a=b'),
    '/_next/image',
    '/_next/images?url=%2F_next%2Fstatic%2Fmedia%2Fother.2.png',
    '/?url=%2F_next%2Fstatic%2Fmedia%2Fother.2.png',
  ])('is nothing else: %s', (url) => {
    expect(find(url)).toBeUndefined();
  });
});
