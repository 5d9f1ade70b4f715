import { existsSync, readFileSync, readlinkSync, realpathSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { walk } from '../../../local/bundle/files';
import { FileTree } from '../../../local/bundle/tree';
import { linkTo, makeFolder } from './app-folder';

async function copy(directory: string, paths: readonly string[]) {
  const tree = new FileTree();
  for (const path of paths) tree.add(join(directory, path));
  const destination = join(makeFolder(), 'copy');
  const size = await tree.copyTo(destination);
  return { destination, size, names: [...walk(destination)].map((path) => path.slice(destination.length + 1)) };
}

describe('copying files that lie together', () => {
  it('keeps their places below the deepest folder that holds them all', async () => {
    const directory = makeFolder({ 'repo/apps/web/a.js': 'a', 'repo/node_modules/b/b.js': 'bb', 'repo/unused.js': '' });
    const { names, size } = await copy(directory, ['repo/apps/web/a.js', 'repo/node_modules/b/b.js']);
    expect(names).toEqual(['apps/web/a.js', 'node_modules/b/b.js']);
    expect(size).toEqual({ files: 2, bytes: 3 });
  });

  it('keeps when each was changed: Next makes the entity tags of public files from it', async () => {
    const directory = makeFolder({ 'public/a.txt': 'a' });
    const changed = new Date('2024-02-29T12:00:00.000Z');
    utimesSync(join(directory, 'public/a.txt'), changed, changed);
    const { destination } = await copy(directory, ['public/a.txt']);
    expect(statSync(join(destination, 'a.txt')).mtime).toEqual(changed);
  });

  it('keeps the links of a linked package, relative', async () => {
    const directory = makeFolder({
      'package.json': '{}',
      'node_modules/.store/b@1/node_modules/b/index.js': 'b',
      'node_modules/b': linkTo('.store/b@1/node_modules/b'),
    });
    const { destination, names } = await copy(directory, ['package.json', 'node_modules/b/index.js']);
    expect(names).toContain('node_modules/.store/b@1/node_modules/b/index.js');
    expect(readlinkSync(join(destination, 'node_modules/b'))).toBe('.store/b@1/node_modules/b');
    expect(readFileSync(join(destination, 'node_modules/b/index.js'), 'utf8')).toBe('b');
  });

  it('makes absolute links relative, so that none points out of the copy', async () => {
    const directory = makeFolder({ 'packages/ui/index.js': 'ui', 'app/package.json': '{}' });
    const linked = makeFolder({ ui: linkTo(join(directory, 'packages/ui')) });
    const tree = new FileTree();
    tree.add(join(directory, 'app/package.json'));
    tree.add(join(linked, 'ui/index.js'));
    const destination = join(makeFolder(), 'copy');
    await tree.copyTo(destination);
    const link = [...walk(destination)].find((path) => path.endsWith('/ui'));
    expect(link && realpathSync(link).startsWith(destination)).toBe(true);
  });

  it('follows links to links', async () => {
    const directory = makeFolder({ 'real/a.js': 'a', one: linkTo('real'), two: linkTo('one') });
    const { destination } = await copy(directory, ['two/a.js']);
    expect(readFileSync(join(destination, 'two/a.js'), 'utf8')).toBe('a');
  });

  it('drops links that would dangle, and names that are no files', async () => {
    const directory = makeFolder({
      'a.js': 'a',
      'lib/unused.js': '',
      lonely: linkTo('lib'),
      broken: linkTo('nowhere'),
    });
    const { names } = await copy(directory, ['a.js', 'lonely', 'broken', 'missing.js', 'lib']);
    expect(names).toEqual(['a.js']);
  });

  it('ends where links lead in a circle', async () => {
    const directory = makeFolder({ 'a.js': 'a', one: linkTo('two'), two: linkTo('one') });
    const { names } = await copy(directory, ['a.js', 'one/b.js']);
    expect(names).toEqual(['a.js']);
  });

  it('keeps a file executable', async () => {
    const tree = new FileTree();
    tree.add(process.execPath);
    const destination = makeFolder();
    await tree.copyTo(destination);
    expect(existsSync(join(destination, 'node'))).toBe(true);
  });
});
