import { type Assembly, readAssembly, type StackArtifact } from '../assembly';
import { chooseStack } from './choose-stack';

/** What a stack is made from. */
export interface Source {
  readonly assembly: Assembly;
  readonly artifact: StackArtifact;
}

export function readSource(assemblyDirectory: string, stack: string | undefined): Source {
  const assembly = readAssembly(assemblyDirectory);
  return { assembly, artifact: chooseStack(assembly, stack) };
}
