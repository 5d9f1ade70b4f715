import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { linkTree, Workspaces } from '../../../local/fleet';
import { temporaryDirectory } from './support';

let scratch: string;
let source: string;
let workspaces: Workspaces;

beforeEach(async () => {
  scratch = await temporaryDirectory();
  source = join(scratch, 'image');
  mkdirSync(join(source, 'node_modules/next'), { recursive: true });
  writeFileSync(join(source, 'node_modules/next/start.js'), 'start');
  mkdirSync(join(source, '.next'));
  writeFileSync(join(source, '.next/page.html'), 'page');
  workspaces = new Workspaces(join(scratch, 'made'));
});

async function place(name: string): Promise<string> {
  const directory = join(scratch, name);
  await workspaces.place(source, directory);
  return directory;
}

describe('a workspace', () => {
  it.each([0, 1])(
    'is the image’s tree, whose modules are linked and whose other files are its own (%i made before)',
    async (count) => {
      workspaces.prepare(source, count);
      const directory = await place('replica-1');
      expect(readFileSync(join(directory, 'node_modules/next/start.js'), 'utf8')).toBe('start');
      expect(statSync(join(directory, 'node_modules/next/start.js')).nlink).toBe(2);
      writeFileSync(join(directory, '.next/page.html'), 'another');
      expect(readFileSync(join(source, '.next/page.html'), 'utf8')).toBe('page');
    },
  );

  it('that was made before is given to one task alone', async () => {
    workspaces.prepare(source, 2);
    const directories = await Promise.all([place('replica-1'), place('replica-2'), place('replica-3')]);
    for (const directory of directories) expect(readdirSync(directory).sort()).toEqual(['.next', 'node_modules']);
    expect(readdirSync(join(scratch, 'made'))).toEqual([]);
  });

  it('is made when it is wanted, where it could not be made before', async () => {
    writeFileSync(join(scratch, 'made'), 'a file in the way');
    workspaces.prepare(source, 1);
    expect(readdirSync(await place('replica-1')).sort()).toEqual(['.next', 'node_modules']);
  });

  it('is not made any more when the stack stops', async () => {
    workspaces.prepare(source, 3);
    await workspaces.close();
    rmSync(join(scratch, 'made'), { recursive: true, force: true });
    await new Promise((later) => setImmediate(later));
    expect(readdirSync(scratch)).toEqual(['image']);
  });
});

describe('a linked tree', () => {
  it('stays when the names of the other one go', async () => {
    const copy = join(scratch, 'copy');
    await linkTree(source, copy);
    rmSync(source, { recursive: true });
    expect(readFileSync(join(copy, '.next/page.html'), 'utf8')).toBe('page');
  });
});
