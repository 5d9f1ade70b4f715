export { findStack, readAssembly, tryFindDockerAsset, type Assembly, type StackArtifact } from './assembly';
export { AssemblyError } from './assembly-error';
export type { DockerAsset, FileAsset } from './assets';
export type { StackEnvironment } from './environment';
export {
  resolveStack,
  type ResolvedResource,
  type ResolvedStack,
  type ResolveOptions,
  type UnsupportedResource,
} from './resolved-stack';
export type { MadeResource, ParameterValues } from './stack-resolver';
export type { TemplateDocument, TemplateResource } from './template';
