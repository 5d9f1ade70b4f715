import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findApp } from '../../../local/bundle/app';
import { linkTo, makeFolder, nextPackage } from './app-folder';

describe('finding the app', () => {
  it('reads the version of Next.js that the app resolves', () => {
    const directory = makeFolder({ 'package.json': { name: 'shop' }, ...nextPackage('15.5.0') });
    expect(findApp(directory)).toMatchObject({ directory, nextVersion: '15.5.0' });
  });

  it('finds Next.js hoisted to the root of a monorepo', () => {
    const root = makeFolder({ 'apps/web/package.json': { name: 'web' }, ...nextPackage() });
    expect(findApp(join(root, 'apps/web')).nextDirectory).toBe(join(root, 'node_modules/next'));
  });

  it('takes a folder by a symbolic link for the folder itself', () => {
    const root = makeFolder({ 'web/package.json': {}, ...nextPackage(), link: linkTo('web') });
    expect(findApp(join(root, 'link')).directory).toBe(join(root, 'web'));
  });

  it('says that there is no such folder', () => {
    const missing = join(makeFolder(), 'nowhere');
    expect(() => findApp(missing)).toThrow(`cdk-nextjs-ecs build: there is no folder ${missing}`);
  });

  it('says that a folder without package.json is no app', () => {
    expect(() => findApp(makeFolder())).toThrow(/holds no package\.json/);
  });

  it('says that Next.js is not installed', () => {
    expect(() => findApp(makeFolder({ 'package.json': {} }))).toThrow(/the package next is not installed.*Install/s);
  });

  it("says what to do about Yarn Plug'n'Play", () => {
    expect(() => findApp(makeFolder({ 'package.json': {}, '.pnp.cjs': '' }))).toThrow(/nodeLinker: node-modules/);
  });

  it.each(['15.4.9', '14.2.35', '13.5.11'])('refuses Next.js %s and says how to upgrade', (version) => {
    const directory = makeFolder({ 'package.json': {}, ...nextPackage(version) });
    expect(() => findApp(directory)).toThrow(`uses Next.js ${version}, but 15.5 is the oldest that can be deployed`);
  });

  it.each(['15.5.0', '16.0.0-canary.3', '17.1.2'])('accepts Next.js %s', (version) => {
    const directory = makeFolder({ 'package.json': {}, ...nextPackage(version) });
    expect(findApp(directory).nextVersion).toBe(version);
  });
});
