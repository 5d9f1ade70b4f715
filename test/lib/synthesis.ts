import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { App, type Environment, type IPolicyValidationPlugin, Stack, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import type { BundleFacts } from '../../contract';
import {
  NextjsBuild,
  NextjsCache,
  NextjsService,
  type NextjsServiceOptions,
  NextjsSite,
  type NextjsSiteProps,
} from '../../lib';
import { appWithBundle, scratch } from './bundle';

export type Flags = 'recommended flags' | 'no flags';

export interface SynthesisOptions {
  /** @default 'recommended flags' */
  readonly flags?: Flags;
  readonly env?: Environment;
  readonly plugins?: (app: App) => IPolicyValidationPlugin[];
  /** Whether CloudFormation's validator runs, which takes seconds to start. @default false */
  readonly validated?: boolean;
}

export interface Synthesis {
  readonly template: Template;
  readonly assembly: CloudAssembly;
  /** What validators and annotations found: "rule: description". */
  readonly findings: readonly string[];
}

/** Synthesizes one stack as `cdk synth` would. */
export function synthesize(define: (stack: Stack) => void, options: SynthesisOptions = {}): Synthesis {
  const app = new App({
    outdir: scratch(),
    context: options.flags === 'no flags' ? {} : recommendedFlags(),
    postCliContext: LENIENT,
  });
  const stack = new Stack(app, 'Stack', { env: options.env });
  define(stack);
  if (options.plugins) Validations.of(app).addPlugins(...options.plugins(app));
  const assembly = withValidator(options.validated ?? false, () => app.synth());
  return { template: Template.fromStack(stack), assembly, findings: [...violations(assembly), ...annotations(stack)] };
}

/** Synthesizes a site over a small bundle. */
export function synthesizeSite(
  props: Partial<NextjsSiteProps> = {},
  facts: Partial<BundleFacts> = {},
  options: SynthesisOptions = {},
): Synthesis {
  return synthesize((stack) => {
    new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle(facts)), ...props });
  }, options);
}

/** Synthesizes tasks and load balancer alone. */
export function synthesizeService(
  options: NextjsServiceOptions = {},
  facts: Partial<BundleFacts> = {},
  synthesis: SynthesisOptions = {},
): Synthesis {
  return synthesize((stack) => {
    const nextBuild = NextjsBuild.fromDirectory(appWithBundle(facts));
    new NextjsService(stack, 'Service', { nextBuild, cache: new NextjsCache(stack, 'Cache'), ...options });
  }, synthesis);
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DependsOn?: string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export function resources(template: Template): [string, Resource][] {
  return Object.entries((template.toJSON() as { Resources?: Record<string, Resource> }).Resources ?? {});
}

/** The only resource of a type. */
export function theResource(template: Template, type: string): Resource {
  const found = resources(template).filter(([, resource]) => resource.Type === type);
  const [only] = found;
  if (found.length !== 1 || !only) throw new Error(`expected one ${type}, found ${found.length}`);
  return only[1];
}

/** Reports instead of failing, so that a test can show what was found. */
const LENIENT = {
  '@aws-cdk/core:failSynthOnValidationErrors': false,
  '@aws-cdk/core:strictCfnValidateErrors': false,
};

function recommendedFlags(): Record<string, unknown> {
  return createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json') as Record<string, unknown>;
}

interface ValidationReport {
  readonly pluginReports: readonly { readonly violations: readonly Violation[] }[];
}

interface Violation {
  readonly ruleName: string;
  readonly description: string;
  readonly violatingConstructs?: readonly { readonly constructPath?: string }[];
}

/** aws-cdk-lib runs CloudFormation's validator at each synth, unless this variable says otherwise. */
function withValidator<T>(wanted: boolean, run: () => T): T {
  if (!wanted) process.env.CDK_VALIDATION = 'false';
  try {
    return run();
  } finally {
    delete process.env.CDK_VALIDATION;
  }
}

/** What the validator and the plugins found. */
function violations(assembly: CloudAssembly): string[] {
  const file = join(assembly.directory, 'validation-report.json');
  if (!existsSync(file)) return [];
  const report = JSON.parse(readFileSync(file, 'utf8')) as ValidationReport;
  return report.pluginReports.flatMap((plugin) =>
    plugin.violations.map(({ ruleName, description, violatingConstructs }) => {
      const paths = violatingConstructs?.map(({ constructPath }) => constructPath ?? '?').join(', ') ?? '';
      return `${ruleName}: ${description} (${paths})`;
    }),
  );
}

function annotations(stack: Stack): string[] {
  const found = Annotations.fromStack(stack);
  return [...found.findWarning('*', Match.anyValue()), ...found.findError('*', Match.anyValue())].map(
    ({ id, entry }) => `${id}: ${JSON.stringify(entry.data)}`,
  );
}

/** The folder or file of each file asset and image asset of the stack, by kind. */
export function assetPaths(assembly: CloudAssembly, kind: 'files' | 'dockerImages'): string[] {
  const manifest = JSON.parse(readFileSync(join(assembly.directory, 'Stack.assets.json'), 'utf8')) as Record<
    typeof kind,
    Record<string, { source: { directory?: string; path?: string } }>
  >;
  return Object.values(manifest[kind]).map(({ source }) =>
    join(assembly.directory, source.directory ?? source.path ?? ''),
  );
}
