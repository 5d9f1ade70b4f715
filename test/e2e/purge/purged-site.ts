import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';

import { Environment, PurgeEnvironment, PurgeMetric } from '../../../contract';
import { NextjsBuild, NextjsSite } from '../../../lib';
import { type DeployResult, LocalStack, type LocalStackOptions } from '../../../local/stack';
import { Origin } from '../../fixtures/origin';
import { PackedApp } from '../../runtime/server/packed-app';

export interface PurgedSiteOptions extends Pick<LocalStackOptions, 'partitionWriteUnits'> {
  /** @default 3 */
  readonly replicas?: number;
  /** In milliseconds; scaled down from a second. @default 400 */
  readonly window?: number;
  /** Milliseconds that the purge waits after a change. @default - window and slack, and a moment for what is on the way */
  readonly wait?: number;
  /** How wrong each replica's clock is, by its id, in milliseconds. */
  readonly clocks?: Readonly<Record<string, number>>;
  /** Of the tasks, beyond the window and the slack. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether anything is purged. @default true */
  readonly purge?: boolean;
  /** Changes the template as nobody should, for what happens then. */
  readonly spoil?: (template: Template) => void;
}

/** As much of a template as a test changes. */
export interface Template {
  readonly Resources: Record<string, { readonly Type: string; DependsOn?: string[] }>;
}

/** Scaled down from two seconds. */
const SLACK = 300;
/** Scaled down from a second. */
const ON_THE_WAY = 200;

/** An answer that a viewer of the site got. */
export interface Viewed {
  readonly status: number;
  readonly cacheControl: string;
  /** What the edge says of itself: `Hit from cloudfront`, `Miss from cloudfront`, … */
  readonly edge: string;
  readonly body: string;
}

/** The fixture app on three replicas behind a caching edge, with a purge, all from a synthesized template. */
export class PurgedSite {
  static async start(app: PackedApp, options: PurgedSiteOptions = {}): Promise<PurgedSite> {
    const scratch = await mkdtemp(path.join(tmpdir(), 'purged-site-'));
    const origin = await Origin.start();
    const lines: string[] = [];
    const stack = await LocalStack.start(synthesize(app, path.join(scratch, 'cdk.out'), options), {
      replicas: options.replicas ?? 3,
      environment: { FIXTURE_ORIGIN: origin.url, ...clocksOf(options.clocks) },
      output: (_source, line) => lines.push(line),
      pace: { poll: 20, window: 0.1, firstRetry: 50, longestRetry: 500, invalidation: 50 },
      partitionWriteUnits: options.partitionWriteUnits,
    });
    return new PurgedSite(stack, origin, lines, scratch, options);
  }

  private deployments = 0;

  private constructor(
    readonly stack: LocalStack,
    readonly origin: Origin,
    /** Everything that replicas and functions have printed. */
    readonly lines: readonly string[],
    readonly scratch: string,
    private readonly options: PurgedSiteOptions,
  ) {}

  /** Takes over another build of the app, as `cdk deploy` would. */
  deploy(app: PackedApp, options: PurgedSiteOptions = {}): Promise<DeployResult> {
    this.deployments += 1;
    const outdir = path.join(this.scratch, `cdk.out.${this.deployments}`);
    return this.stack.deploy(synthesize(app, outdir, { ...this.options, ...options }));
  }

  /** Asks the edge, or one replica past it; follows Next's redirect to the right `_rsc` of a payload, as its router does. */
  async view(target: string, headers: Readonly<Record<string, string>> = {}, base = this.stack.url): Promise<Viewed> {
    const answer = await ask(base, target, headers);
    return answer.location?.includes('_rsc') === true ? ask(base, answer.location, headers) : answer;
  }

  /** Revalidates on a replica of the caller's choice, past edge and balancer. @throws where the app answers with an error */
  async revalidate(order: object, replica = 0): Promise<void> {
    const response = await fetch(`${this.replica(replica)}/api/revalidate`, {
      method: 'POST',
      body: JSON.stringify(order),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`test/e2e: the revalidation was answered with ${response.status}`);
  }

  replica(index: number): string {
    const { replicas } = this.stack;
    return replicas[index % replicas.length]?.url ?? '';
  }

  /** The sum of one of the purge function's metrics. */
  metric(name: (typeof PurgeMetric)[keyof typeof PurgeMetric]): number {
    const values = this.lines.flatMap((line) => {
      const json = line.includes('"_aws"') ? line.slice(line.indexOf('{')) : undefined;
      const value = json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>)[name];
      return typeof value === 'number' ? [value] : [];
    });
    return values.reduce((sum, value) => sum + value, 0);
  }

  /** Ends the purge function's process, whatever it is about. */
  crashPurge(): void {
    this.stack.killFunction(this.purgeFunction);
  }

  /** The purge function's logical id. */
  get purgeFunction(): string {
    const { mappings } = this.stack.functions;
    const found = this.stack.functions.functions.find(({ name }) => name === mappings[0]?.functionName);
    if (found === undefined) throw new Error('test/e2e: the site has no purge function');
    return found.logicalId;
  }

  /** All items that CloudFront has taken, in their order. */
  get purged(): readonly string[] {
    return this.stack.invalidations.flatMap(({ items }) => items);
  }

  async stop(): Promise<void> {
    await Promise.all([this.stack.stop(), this.origin.close()]);
    await rm(this.scratch, { recursive: true, force: true });
  }
}

function synthesize(packed: PackedApp, outdir: string, options: PurgedSiteOptions): string {
  const { window = 400, wait = window + SLACK + ON_THE_WAY, environment, purge, spoil } = options;
  const app = new App({ outdir, autoSynth: false });
  const site = new NextjsSite(new Stack(app, 'Purged'), 'Site', {
    nextBuild: NextjsBuild.fromDirectory(packed.directory),
    environment: {
      [Environment.CACHE_WINDOW]: String(window),
      [Environment.CACHE_SLACK]: String(SLACK),
      ...environment,
    },
    purge,
  });
  site.purge?.purgeFunction.addEnvironment(PurgeEnvironment.WAIT, String(wait));
  // CloudFormation's rules are the synth tests' matter.
  process.env.CDK_VALIDATION = 'false';
  const { directory } = app.synth();
  if (spoil) rewrite(path.join(directory, 'Purged.template.json'), spoil);
  return directory;
}

function rewrite(file: string, change: (template: Template) => void): void {
  const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  change(template);
  writeFileSync(file, JSON.stringify(template));
}

function clocksOf(clocks: PurgedSiteOptions['clocks']): Record<string, string> {
  if (clocks === undefined) return {};
  const module = pathToFileURL(path.join(import.meta.dirname, 'replica-clocks.mjs'));
  return { NODE_OPTIONS: `--import ${module.href}`, FIXTURE_CLOCK_OFFSETS: JSON.stringify(clocks) };
}

function ask(
  base: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): Promise<Viewed & { readonly location?: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(target, base), { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          cacheControl: response.headers['cache-control'] ?? '',
          edge: String(response.headers['x-cache']),
          location: response.headers.location,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
