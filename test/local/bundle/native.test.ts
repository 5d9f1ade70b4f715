import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { describeBinary, readBinary } from '../../../local/bundle/binary';
import { settleNativeModules } from '../../../local/bundle/native';
import { FileTree } from '../../../local/bundle/tree';
import { ELF_ARM64, ELF_X64, elf, type Files, machO, makeFolder } from './app-folder';

function treeOf(files: Files): { tree: FileTree; names: () => string[] } {
  const directory = makeFolder({ 'package.json': {}, ...files });
  const tree = new FileTree();
  for (const path of ['package.json', ...Object.keys(files)]) tree.add(join(directory, path));
  const names = () =>
    tree.paths.map((path) => path.slice(directory.length + 1)).filter((path) => path !== 'package.json');
  return { tree, names };
}

function portableExecutable(): Buffer {
  const content = Buffer.alloc(0x80);
  content.write('MZ', 'latin1');
  content.writeUInt32LE(0x40, 0x3c);
  content.write('PE\0\0', 0x40, 'latin1');
  content.writeUInt16LE(0x8664, 0x44);
  return content;
}

function universalMachO(): Buffer {
  const content = Buffer.alloc(48);
  content.writeUInt32BE(0xcafebabe, 0);
  content.writeUInt32BE(2, 4);
  content.writeUInt32BE(0x01000007, 8);
  content.writeUInt32BE(0x0100000c, 28);
  return content;
}

describe('reading what a library was built for', () => {
  it.each([
    ['linux/x64', elf(ELF_X64)],
    ['linux/arm64', elf(ELF_ARM64)],
    ['linux/arm64 (musl)', elf(ELF_ARM64, 'libc.musl-aarch64.so.1')],
    ['darwin/arm64', machO()],
    ['darwin/x64+arm64', universalMachO()],
    ['win32/x64', portableExecutable()],
  ])('recognises %s', (description, content) => {
    const binary = readBinary(join(makeFolder({ 'a.node': content }), 'a.node'));
    expect(binary && describeBinary(binary)).toBe(description);
  });

  it('recognises the running Node.js', () => {
    expect(readBinary(process.execPath)).toMatchObject({ os: process.platform, archs: [process.arch] });
  });

  it.each(['', 'INPUT(libfoo.so.1)', '\x7fELF', 'MZ'])('takes %j for no library', (content) => {
    expect(readBinary(join(makeFolder({ 'a.so': content }), 'a.so'))).toBeUndefined();
  });
});

describe('the platform of the native modules', () => {
  it('is none without native modules', () => {
    expect(settleNativeModules(treeOf({ 'index.js': '' }).tree)).toEqual({ musl: false });
  });

  it('is the one that all were built for', () => {
    const { tree } = treeOf({
      'node_modules/@img/sharp-linux-arm64/lib/sharp.node': elf(ELF_ARM64),
      'node_modules/@img/sharp-libvips-linux-arm64/lib/libvips-cpp.so.8.17.3': elf(ELF_ARM64),
    });
    expect(settleNativeModules(tree)).toEqual({ platform: { os: 'linux', arch: 'arm64' }, musl: false });
  });

  it('names the file of a foreign operating system, what it is, and what to do', () => {
    const { tree } = treeOf({ 'node_modules/@img/sharp-darwin-arm64/lib/sharp.node': machO() });
    expect(() => settleNativeModules(tree)).toThrow(
      /run on linux, but native modules were built for another platform:\n.*sharp-darwin-arm64\/lib\/sharp\.node: darwin\/arm64\n.*npm install --os=linux --cpu=/,
    );
  });

  it('refuses architectures that no one machine can load together', () => {
    const { tree } = treeOf({ 'node_modules/a/a.node': elf(ELF_X64), 'node_modules/b/b.node': elf(ELF_ARM64) });
    expect(() => settleNativeModules(tree)).toThrow(
      /different architectures.*a\.node: linux\/x64.*b\.node: linux\/arm64/s,
    );
  });

  it('leaves out what a package brings for other platforms', () => {
    const { tree, names } = treeOf({
      'node_modules/argon/index.js': '',
      'node_modules/argon/prebuilds/linux-x64/argon.glibc.node': elf(ELF_X64),
      'node_modules/argon/prebuilds/linux-x64/argon.musl.node': elf(ELF_X64, 'libc.musl-x86_64.so.1'),
      'node_modules/argon/prebuilds/darwin-arm64/argon.node': machO(),
      'node_modules/argon/prebuilds/win32-x64/argon.node': portableExecutable(),
    });
    expect(settleNativeModules(tree).platform).toEqual({ os: 'linux', arch: 'x64' });
    expect(names()).toEqual(['node_modules/argon/index.js', 'node_modules/argon/prebuilds/linux-x64/argon.glibc.node']);
  });

  it("leaves out other platforms' packages when those for the server's are installed as well", () => {
    const { tree, names } = treeOf({
      'node_modules/@img/sharp-darwin-arm64/lib/sharp.node': machO(),
      'node_modules/@img/sharp-linux-arm64/lib/sharp.node': elf(ELF_ARM64),
    });
    expect(settleNativeModules(tree).platform).toEqual({ os: 'linux', arch: 'arm64' });
    expect(names()).toEqual(['node_modules/@img/sharp-linux-arm64/lib/sharp.node']);
  });

  it('takes musl only where nothing is for glibc', () => {
    const { tree } = treeOf({ 'node_modules/a/a.node': elf(ELF_X64, 'libc.musl-x86_64.so.1') });
    expect(settleNativeModules(tree)).toEqual({ platform: { os: 'linux', arch: 'x64' }, musl: true });
  });

  it('can be asked for', () => {
    const files = { 'node_modules/a/linux-x64/a.node': elf(ELF_X64), 'node_modules/a/darwin-arm64/a.node': machO() };
    const { tree, names } = treeOf(files);
    expect(settleNativeModules(tree, { os: 'darwin', arch: 'arm64' }).platform).toEqual({
      os: 'darwin',
      arch: 'arm64',
    });
    expect(names()).toEqual(['node_modules/a/darwin-arm64/a.node']);
    expect(() => settleNativeModules(treeOf(files).tree, { os: 'linux', arch: 'arm64' })).toThrow(
      /run on linux\/arm64, but/,
    );
  });
});
