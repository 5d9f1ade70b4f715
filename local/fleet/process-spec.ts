import { existsSync } from 'node:fs';
import { basename, join, posix } from 'node:path';

import { UserError } from '../user-error';
import type { ContainerSource } from './container-source';
import type { ContainerDefinition } from './task-definition';

/** A container as a process of this machine. */
export interface ProcessSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Placement {
  /** The replica's own copy of the image's tree, or the source's directory itself. */
  readonly directory: string;
  /** The replica's own home and temporary folder. */
  readonly home: string;
  /** Loopback ports by container port. */
  readonly ports: ReadonlyMap<number, number>;
  /** Where the local AWS services are, and credentials for them. */
  readonly services: Readonly<Record<string, string>>;
  /** Variables that the user sets, over the task definition's. */
  readonly overrides: Readonly<Record<string, string>>;
}

export const LOOPBACK = '127.0.0.1';

/** Programs that only make process 1 behave; a process on this machine needs none. */
const INIT_WRAPPERS = new Set(['tini', 'dumb-init', 'docker-entrypoint.sh']);

/** Addresses that mean every interface: replicas are reached on loopback only. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::', '[::]']);

/**
 * Translates a container to this machine: paths of the image to the replica's directory, its port to a free one on loopback.
 *
 * @throws when neither the task definition nor the image's Dockerfile names a command
 */
export function processSpec(
  container: ContainerDefinition,
  source: ContainerSource,
  placement: Placement,
): ProcessSpec {
  const { imageRoot, configuration } = source;
  const localPath = (value: string) => toLocalPath(value, imageRoot, placement.directory);

  const [file, ...args] = fullCommand(container, source).map(localPath);
  if (file === undefined) {
    throw new UserError(
      `cdk-nextjs-ecs local: container "${container.name}" has no command: neither its task definition (Command) nor a Dockerfile ` +
        `in ${source.directory} (CMD) says what to run.`,
    );
  }
  return {
    file: basename(file) === 'node' ? process.execPath : file,
    args: placeArguments(args, placement.ports),
    directory: imageRoot === undefined ? placement.directory : workingDirectory(container, source, placement.directory),
    environment: placeEnvironment(
      container,
      { ...configuration.environment, ...container.environment },
      placement,
      localPath,
    ),
  };
}

/** As Docker combines them: an entry point of the task definition also discards the image's CMD. */
function fullCommand(container: ContainerDefinition, { configuration }: ContainerSource): string[] {
  const entryPoint = container.entryPoint ?? configuration.entryPoint ?? [];
  const command = container.command ?? (container.entryPoint === undefined ? configuration.command : undefined) ?? [];
  return withoutInit([...entryPoint, ...command]);
}

/** `tini -g -- node server.js` is `node server.js`. */
function withoutInit(words: string[]): string[] {
  if (!INIT_WRAPPERS.has(basename(words[0] ?? ''))) return words;
  const next = words.findIndex((word, index) => index > 0 && !word.startsWith('-'));
  return next === -1 ? [] : withoutInit(words.slice(next));
}

function workingDirectory(container: ContainerDefinition, source: ContainerSource, directory: string): string {
  const root = source.imageRoot ?? '/';
  const declared = posix.resolve(root, container.workingDirectory ?? source.configuration.workingDirectory ?? root);
  const relative = posix.relative(root, declared);
  if (relative.startsWith('..')) {
    throw new UserError(
      `cdk-nextjs-ecs local: container "${container.name}" works in ${declared}, which is outside of the files it brings (${root}).`,
    );
  }
  return join(directory, relative);
}

/** `/app/x`, `--import=/app/x` and `PATH=/app/bin:/usr/bin`: absolute paths below the image's root, as words or parts of them. */
function toLocalPath(value: string, imageRoot: string | undefined, directory: string): string {
  if (imageRoot === undefined) return value;
  const root = imageRoot.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return value.replace(
    new RegExp(`(^|[=:\\s])${root}(?=$|[/:\\s])`, 'g'),
    (_match, before: string) => before + directory,
  );
}

/** `-p 3000`, `--port 3000`, `--port=3000`; `-H 0.0.0.0`; and `next start` without a host name, which would listen everywhere. */
function placeArguments(args: readonly string[], ports: ReadonlyMap<number, number>): string[] {
  const placed = args.map((argument, index) => {
    const [, option, value] = /^(--\w+)=(.*)$/.exec(argument) ?? [];
    const name = option ?? args[index - 1] ?? '';
    const result = placeOption(name, value ?? argument, ports);
    return option === undefined ? result : `${option}=${result}`;
  });
  return startsNext(args) && !args.some(isHostOption) ? [...placed, '-H', LOOPBACK] : placed;
}

function placeOption(name: string, value: string, ports: ReadonlyMap<number, number>): string {
  if (name === '-p' || name === '--port') return String(ports.get(Number(value)) ?? value);
  return isHostOption(name) && ANY_ADDRESS.has(value) ? LOOPBACK : value;
}

function startsNext(args: readonly string[]): boolean {
  return args.some((argument, index) => basename(argument) === 'next' && args[index + 1] === 'start');
}

function isHostOption(argument: string): boolean {
  return /^(-H|--host|--hostname)(=|$)/.test(argument);
}

/**
 * The container's variables, and nothing of the developer's own shell but the search path.
 *
 * HOME is the replica's own, so that no `~/.aws` of the developer is read, and the time zone is a container's.
 */
function placeEnvironment(
  container: ContainerDefinition,
  declared: Readonly<Record<string, string>>,
  placement: Placement,
  localPath: (value: string) => string,
): Record<string, string> {
  const variables = Object.entries(declared).map(([name, value]) => [
    name,
    placeVariable(name, localPath(value), placement),
  ]);
  const [firstPort] = placement.ports.values();
  const environment: Record<string, string> = {
    TZ: 'UTC',
    ...(firstPort === undefined ? {} : { PORT: String(firstPort) }),
    ...(Object.fromEntries(variables) as Record<string, string>),
    ...Object.fromEntries(container.secrets.map((name) => [name, secretPlaceholder(name)])),
    PATH: process.env.PATH ?? '',
    HOME: placement.home,
    TMPDIR: placement.home,
    ...placement.services,
    ...placement.overrides,
  };
  const preload = environment.LD_PRELOAD?.split(/[\s:]+/).filter((library) => existsSync(library));
  if (preload !== undefined) environment.LD_PRELOAD = preload.join(':');
  return environment;
}

function placeVariable(name: string, value: string, { ports }: Placement): string {
  if (/(^|_)PORT$/.test(name)) return String(ports.get(Number(value)) ?? value);
  if (/^HOST(NAME)?$/.test(name) && ANY_ADDRESS.has(value)) return LOOPBACK;
  return value;
}

/** Secrets stay in AWS: a recognisable text stands for a value that the user did not give. */
export function secretPlaceholder(name: string): string {
  return `local-value-of-${name}`;
}
