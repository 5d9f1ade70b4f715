import { type Assembly, findStack, type StackArtifact } from '../assembly';
import { UserError } from '../user-error';

/** The stack of that name; without a name the only one, or the only one with a distribution. */
export function chooseStack(assembly: Assembly, name?: string): StackArtifact {
  if (name !== undefined || assembly.stacks.length <= 1) return findStack(assembly, name);
  const [first, ...others] = assembly.stacks.filter(hasDistribution);
  if (first !== undefined && others.length === 0) return first;
  const names = assembly.stacks.map((stack) => stack.displayName).join(', ');
  throw new UserError(
    `cdk-nextjs-ecs local: ${assembly.directory} holds several stacks, and ${first === undefined ? 'none' : 'more than one'} of them ` +
      `has a distribution. Choose one with --stack: ${names}.`,
  );
}

function hasDistribution({ template }: StackArtifact): boolean {
  return Object.values(template.Resources).some(({ Type }) => Type === 'AWS::CloudFront::Distribution');
}
