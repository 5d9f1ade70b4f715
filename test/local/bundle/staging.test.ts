import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { Staging } from '../../../local/bundle/staging';
import { makeFolder, writeFiles } from './app-folder';

/** Larger than any process id of Linux. */
const NO_PROCESS = 4_194_305;

describe('replacing a bundle', () => {
  it('puts the new one in the place of the old one', () => {
    const directory = makeFolder({ 'bundle/facts.json': 'old', 'bundle/extra': '' });
    const staging = new Staging(join(directory, 'bundle'));
    writeFileSync(join(staging.directory, 'facts.json'), 'new');
    expect(readFileSync(join(directory, 'bundle/facts.json'), 'utf8')).toBe('old');
    staging.commit();
    expect(readdirSync(directory)).toEqual(['bundle']);
    expect(readdirSync(join(directory, 'bundle'))).toEqual(['facts.json']);
    expect(readFileSync(join(directory, 'bundle/facts.json'), 'utf8')).toBe('new');
  });

  it('leaves the old one, and nothing else, when it is given up', () => {
    const directory = makeFolder({ 'bundle/facts.json': 'old' });
    new Staging(join(directory, 'bundle')).discard();
    expect(readdirSync(directory)).toEqual(['bundle']);
    expect(readFileSync(join(directory, 'bundle/facts.json'), 'utf8')).toBe('old');
  });

  it('lets the last of several packers win', () => {
    const directory = makeFolder({ 'bundle/facts.json': 'old' });
    const stagings = ['one', 'two'].map((content) => {
      const staging = new Staging(join(directory, 'bundle'));
      writeFileSync(join(staging.directory, 'facts.json'), content);
      return staging;
    });
    for (const staging of stagings) staging.commit();
    expect(readdirSync(directory)).toEqual(['bundle']);
    expect(readFileSync(join(directory, 'bundle/facts.json'), 'utf8')).toBe('two');
  });

  it('makes the folders above it', () => {
    const directory = makeFolder();
    new Staging(join(directory, 'a/b/bundle')).commit();
    expect(existsSync(join(directory, 'a/b/bundle'))).toBe(true);
  });

  it('never replaces a folder that is no bundle', () => {
    const directory = makeFolder({ 'home/thesis.txt': '' });
    expect(() => new Staging(join(directory, 'home'))).toThrow(/exists and is no bundle, so it is not replaced/);
    expect(readdirSync(directory)).toEqual(['home']);
  });

  it('removes what packers that were killed left behind, and nothing of those that run', () => {
    const directory = makeFolder();
    writeFiles(directory, {
      [`bundle.${String(NO_PROCESS)}-0a1b2c3d.new/server/a.js`]: '',
      [`bundle.${String(process.ppid)}-0a1b2c3d.new/server/a.js`]: '',
      'bundle.notes.new': '',
    });
    new Staging(join(directory, 'bundle')).discard();
    expect(readdirSync(directory)).toEqual([`bundle.${String(process.ppid)}-0a1b2c3d.new`, 'bundle.notes.new']);
  });

  it('leaves the old one, and nothing else, on Ctrl-C', async () => {
    const directory = makeFolder({ 'bundle/facts.json': 'old' });
    const script = `
      const { Staging } = require(${JSON.stringify(resolve('local/bundle/staging.ts'))});
      new Staging(${JSON.stringify(join(directory, 'bundle'))});
      setInterval(() => {}, 1000);
      console.log('staged');
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=commonjs', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(readdirSync(directory)).toHaveLength(2);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
    expect(readdirSync(directory)).toEqual(['bundle']);
    expect(readFileSync(join(directory, 'bundle/facts.json'), 'utf8')).toBe('old');
  });
});
