import { basename } from 'node:path';

import type { BundlePlatform } from '../../contract';
import { type Binary, describeBinary, readBinary } from './binary';
import { BundleError } from './error';
import { posixRelative } from './files';
import type { FileTree } from './tree';

/** What the server's native modules settle about the image. */
export interface NativeModules {
  /** Absent where there are none. */
  readonly platform?: BundlePlatform;
  /** Whether they want musl (Alpine Linux) rather than glibc. */
  readonly musl: boolean;
}

interface Library {
  readonly path: string;
  readonly binary: Binary;
}

/**
 * Finds the platform that every native module in the tree was built for, and takes out what other platforms would load: packages
 * often bring several platforms' builds side by side, and package managers can install several platforms' packages.
 *
 * @param target the platform that the server will run on; without it Linux on whichever architecture the modules are for
 */
export function settleNativeModules(tree: FileTree, target?: BundlePlatform): NativeModules {
  const libraries = findLibraries(tree);
  const modules = [...groupByModule(libraries).values()];
  if (modules.length === 0) return { musl: false };

  const os = target?.os ?? 'linux';
  const candidates = [false, true].flatMap((musl) => archsOf(libraries, target).map((arch) => ({ os, arch, musl })));
  const chosen = candidates.find((candidate) =>
    modules.every((module) => module.some((library) => suits(library, candidate))),
  );
  if (chosen === undefined) throw foreign(modules, tree.root, { os, arch: target?.arch });

  for (const library of libraries) if (!suits(library, chosen)) tree.delete(library.path);
  return { platform: { os, arch: chosen.arch }, musl: chosen.musl && libraries.some(({ binary }) => binary.musl) };
}

/**
 * The native modules of which the tree holds no build for the server's platform, each as the paths of its libraries.
 *
 * @param target the platform that the server will run on; without it Linux, on this machine's architecture where no module is for Linux
 */
export function findForeignModules(
  tree: FileTree,
  target?: BundlePlatform,
): { readonly wanted: BundlePlatform; readonly modules: readonly (readonly string[])[] } {
  const wanted = target ?? { os: 'linux', arch: process.arch };
  const libraries = findLibraries(tree);
  if (target === undefined && libraries.some(({ binary }) => binary.os === wanted.os)) return { wanted, modules: [] };
  const fits = (library: Library): boolean => suits(library, { ...wanted, musl: true });
  const modules = [...groupByModule(libraries).values()].filter((module) => !module.some(fits));
  return { wanted, modules: modules.map((module) => module.map(({ path }) => path)) };
}

function findLibraries(tree: FileTree): Library[] {
  return tree.paths.filter(isLibraryName).flatMap((path) => {
    const binary = readBinary(path);
    return binary === undefined ? [] : [{ path, binary }];
  });
}

/** `sharp.node`, `libvips-cpp.so.8.17.3`, `a.dylib`, `a.dll`. */
function isLibraryName(path: string): boolean {
  return /\.(node|dylib|dll)$|\.so(\.\d+)*$/.test(basename(path));
}

/** Architectures to try: the wished one, or all that appear, this machine's first. */
function archsOf(libraries: readonly Library[], target?: BundlePlatform): string[] {
  if (target !== undefined) return [target.arch];
  const archs = new Set(libraries.flatMap(({ binary }) => binary.archs));
  return [...archs].sort((a, b) => Number(b === process.arch) - Number(a === process.arch) || a.localeCompare(b));
}

function suits({ binary }: Library, wanted: BundlePlatform & { readonly musl: boolean }): boolean {
  const libc = wanted.os !== 'linux' || !binary.musl || wanted.musl;
  return binary.os === wanted.os && binary.archs.includes(wanted.arch) && libc;
}

/** Builds of one native module for different platforms belong together: their paths differ in nothing but names of platforms. */
function groupByModule(libraries: readonly Library[]): Map<string, Library[]> {
  const groups = new Map<string, Library[]>();
  for (const library of libraries) {
    const key = moduleKey(library.path);
    groups.set(key, [...(groups.get(key) ?? []), library]);
  }
  return groups;
}

const PLATFORM_WORDS =
  /(?<![a-z0-9])(aix|android|darwin|macos|freebsd|openbsd|linux|linuxmusl|sunos|win32|windows|x64|x86_64|amd64|ia32|x86|arm|armv[67]l?|armv8|arm64|aarch64|ppc64|ppc64le|riscv64|s390x|universal|gnu|glibc|musl|gnueabihf|msvc)(?![a-z0-9])/g;

/** The package that a library belongs to, without the names of platforms; the library itself where it belongs to none. */
function moduleKey(path: string): string {
  const place = path.split(/[\\/]/);
  const modules = place.lastIndexOf('node_modules');
  if (modules === -1) return path;
  const scoped = place[modules + 1]?.startsWith('@') === true;
  return place
    .slice(modules + 1, modules + (scoped ? 3 : 2))
    .join('/')
    .replace(PLATFORM_WORDS, '');
}

/** The name of a package for one platform, as those for all others share it. */
export function withoutPlatformWords(name: string): string {
  return name.replace(PLATFORM_WORDS, '');
}

function foreign(modules: readonly Library[][], root: string, wanted: { os: string; arch?: string }): BundleError {
  const wantedName = wanted.arch === undefined ? wanted.os : `${wanted.os}/${wanted.arch}`;
  const suitable = (library: Library): boolean =>
    library.binary.os === wanted.os && (wanted.arch === undefined || library.binary.archs.includes(wanted.arch));
  const missing = modules.filter((module) => !module.some(suitable));
  const listed = (missing.length > 0 ? missing : modules).flat();
  const lines = listed
    .slice(0, 8)
    .map(({ path, binary }) => `  ${posixRelative(root, path)}: ${describeBinary(binary)}`);
  const more = listed.length > lines.length ? [`  and ${String(listed.length - lines.length)} more`] : [];
  const trouble =
    missing.length > 0
      ? `the server will run on ${wantedName}, but native modules were built for another platform:`
      : 'native modules were built for different architectures, so no one machine can load them all:';
  const arch = wanted.arch ?? process.arch;
  return new BundleError(
    [
      trouble,
      ...lines,
      ...more,
      `Install the packages for ${wanted.os}/${arch} as well (npm install --os=${wanted.os} --cpu=${arch} --libc=glibc; ` +
        'supportedArchitectures with pnpm and yarn), or run install and build on such a machine: a CI job or a container.',
    ].join('\n'),
  );
}
