import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dockerAssets, fileAssets, type AssetManifest, type DockerAsset, type FileAsset } from './assets';
import { AssemblyError } from './assembly-error';
import { parseEnvironment, type StackEnvironment } from './environment';
import type { TemplateDocument } from './template';

/** A cloud assembly: what `cdk synth` writes to `cdk.out`. */
export interface Assembly {
  /** Absolute. */
  readonly directory: string;
  /** Every stack, those of stages (nested assemblies) included. */
  readonly stacks: readonly StackArtifact[];
}

export interface StackArtifact {
  /** CloudFormation's name of the stack. */
  readonly name: string;
  /** CDK's name of the stack, with its stage: `Production/Shop`. */
  readonly displayName: string;
  readonly environment: StackEnvironment;
  readonly template: TemplateDocument;
  readonly fileAssets: readonly FileAsset[];
  readonly dockerAssets: readonly DockerAsset[];
}

interface Manifest {
  readonly artifacts?: Readonly<Record<string, ManifestArtifact>>;
}

interface ManifestArtifact {
  readonly type: string;
  readonly environment?: string;
  readonly dependencies?: readonly string[];
  readonly displayName?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

const MANIFEST_FILE = 'manifest.json';

/** Reads an assembly and every template and asset manifest in it. */
export function readAssembly(directory: string): Assembly {
  const absolute = resolve(directory);
  if (!existsSync(join(absolute, MANIFEST_FILE))) {
    throw new AssemblyError(
      `no ${MANIFEST_FILE} in ${absolute}. Run "npx cdk synth" first and name its output folder (usually cdk.out).`,
    );
  }
  return { directory: absolute, stacks: readStacks(absolute) };
}

/**
 * Finds a stack by its name or display name; without a name, the assembly's only stack.
 */
export function findStack(assembly: Assembly, name?: string): StackArtifact {
  const names = assembly.stacks.map((stack) => stack.displayName).join(', ');
  if (name === undefined) {
    const [only, ...others] = assembly.stacks;
    if (only && others.length === 0) return only;
    if (!only) throw new AssemblyError(`${assembly.directory} holds no stack.`);
    throw new AssemblyError(`${assembly.directory} holds several stacks: name one of ${names}.`);
  }
  const found = assembly.stacks.find((stack) => stack.displayName === name || stack.name === name);
  if (!found) throw new AssemblyError(`no stack named ${name} in ${assembly.directory}; it holds ${names || 'none'}.`);
  return found;
}

/** The asset behind a container's resolved image name. */
export function tryFindDockerAsset(stack: StackArtifact, image: string): DockerAsset | undefined {
  return stack.dockerAssets.find((asset) => asset.imageUri === image);
}

function readStacks(directory: string): StackArtifact[] {
  const artifacts = (readJson(directory, MANIFEST_FILE) as Manifest).artifacts ?? {};
  return Object.entries(artifacts).flatMap(([id, artifact]) => {
    if (artifact.type === 'cdk:cloud-assembly')
      return readStacks(join(directory, text(artifact, 'directoryName') ?? id));
    return artifact.type === 'aws:cloudformation:stack' ? [readStack(directory, id, artifact, artifacts)] : [];
  });
}

function readStack(
  directory: string,
  id: string,
  artifact: ManifestArtifact,
  artifacts: Readonly<Record<string, ManifestArtifact>>,
): StackArtifact {
  const templateFile = text(artifact, 'templateFile');
  if (templateFile === undefined) throw new AssemblyError(`stack ${id} in ${directory} names no template file.`);
  const name = text(artifact, 'stackName') ?? id;
  const environment = parseEnvironment(name, artifact.environment ?? '');
  const manifests = (artifact.dependencies ?? []).flatMap((dependency) => {
    const file = artifacts[dependency]?.type === 'cdk:asset-manifest' ? text(artifacts[dependency], 'file') : undefined;
    return file === undefined ? [] : [readJson(directory, file) as AssetManifest];
  });
  return {
    name,
    displayName: artifact.displayName ?? id,
    environment,
    template: readTemplate(directory, templateFile),
    fileAssets: manifests.flatMap((manifest) => fileAssets(manifest, directory, environment)),
    dockerAssets: manifests.flatMap((manifest) => dockerAssets(manifest, directory, environment)),
  };
}

function readTemplate(directory: string, file: string): TemplateDocument {
  const template = readJson(directory, file) as Partial<TemplateDocument>;
  return { ...template, Resources: template.Resources ?? {} };
}

function readJson(directory: string, file: string): unknown {
  const path = join(directory, file);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AssemblyError(`${path} cannot be read as JSON. Synthesize the app again with "npx cdk synth".`, {
      cause,
    });
  }
}

function text(artifact: ManifestArtifact, property: string): string | undefined {
  const value = artifact.properties?.[property];
  return typeof value === 'string' ? value : undefined;
}
