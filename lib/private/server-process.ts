import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { Token } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import { Environment, type BundleFacts } from '../../contract';
import { ConfigurationError } from './errors';
import type { Timeouts } from './timeouts';

const ACTION_KEY = 'NEXT_SERVER_ACTIONS_ENCRYPTION_KEY';

/** The folder of the app in the image; a workspace of a monorepo lies below the server's root. */
export function serverWorkingDirectory(root: string, facts: BundleFacts): string {
  return posix.join(root, facts.server.directory);
}

/** `node` as process 1, so that SIGTERM reaches the server; the build's command has the preload before any code of the app. */
export function serverCommand(facts: BundleFacts, port: number): string[] {
  return ['node', ...facts.server.command, '-p', String(port)];
}

export interface ServerEnvironment {
  readonly bucketName: string;
  readonly tableName: string;
  readonly siteName: string;
  readonly tagShards: number;
  readonly port: number;
  readonly timeouts: Timeouts;
  readonly cacheProxiedRoutes: boolean;
  readonly facts: BundleFacts;
  /** What the user adds. */
  readonly given: Readonly<Record<string, string>>;
}

/** The server's environment: what the construct knows and what the user adds; the user may tune the runtime, not cut it off its stores. */
export function serverEnvironment(scope: IConstruct, options: ServerEnvironment): Record<string, string> {
  const own = {
    NODE_ENV: 'production',
    // Fargate sets HOSTNAME to the container's name, and Next.js would listen on that address alone.
    HOSTNAME: '0.0.0.0',
    PORT: String(options.port),
    [Environment.CACHE_BUCKET]: options.bucketName,
    [Environment.CACHE_TABLE]: options.tableName,
    [Environment.CACHE_SITE]: options.siteName,
    [Environment.CACHE_TAG_SHARDS]: String(options.tagShards),
    [Environment.LOAD_BALANCER_IDLE_TIMEOUT]: String(options.timeouts.loadBalancerIdle.toSeconds()),
    [Environment.STOP_TIMEOUT]: String(options.timeouts.stop.toSeconds()),
    ...(options.cacheProxiedRoutes && { [Environment.CACHE_PROXIED_ROUTES]: '1' }),
  };
  refuseInlined(scope, 'environment', options.given);
  refuseReserved(scope, 'environment', Object.keys(options.given), Object.keys(own));
  refuseOtherActionKey(scope, options.given[ACTION_KEY], options.facts);
  return { ...options.given, ...own };
}

/** The server's secrets, of which none may name what must be known at build or at synth. */
export function serverSecrets(
  scope: IConstruct,
  given: Readonly<Record<string, ecs.Secret>>,
): Record<string, ecs.Secret> {
  refuseInlined(scope, 'secrets', given);
  refuseReserved(scope, 'secrets', Object.keys(given), [ACTION_KEY]);
  return given;
}

function refuseInlined(scope: IConstruct, prop: string, given: object): void {
  const name = Object.keys(given).find((candidate) => candidate.startsWith('NEXT_PUBLIC_'));
  if (!name) return;
  throw new ConfigurationError({
    part: `NextjsService.${prop}`,
    scope,
    problem: `${name} would have no effect: Next.js replaced every NEXT_PUBLIC_ variable by its value when the app was built`,
    remedy: `Set it where \`npx cdk-nextjs-ecs build\` runs, or read a variable of another name on the server`,
  });
}

function refuseReserved(scope: IConstruct, prop: string, names: readonly string[], reserved: readonly string[]): void {
  const name = names.find((candidate) => reserved.includes(candidate));
  if (!name) return;
  throw new ConfigurationError({
    part: `NextjsService.${prop}`,
    scope,
    problem:
      name === ACTION_KEY
        ? `${name} is the build's: prerendered pages hold what was encrypted with it, and another key breaks them`
        : `${name} is set by the construct itself; reserved are ${reserved.join(', ')}`,
    remedy: name === ACTION_KEY ? 'Give the key to `next build`; the server finds it in the build' : 'Leave it out',
  });
}

function refuseOtherActionKey(scope: IConstruct, key: string | undefined, facts: BundleFacts): void {
  if (key === undefined || Token.isUnresolved(key)) return;
  if (createHash('sha256').update(key).digest('hex') === facts.actionKeyFingerprint) return;
  throw new ConfigurationError({
    part: 'NextjsService.environment',
    scope,
    problem: `${ACTION_KEY} is not the key that the app was built with, and prerendered pages that hold server actions would break`,
    remedy: 'Leave it out: the server finds the key in the build. To choose a key, give it to `next build`',
  });
}
