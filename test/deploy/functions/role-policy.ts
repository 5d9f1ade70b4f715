import type { ResolvedStack } from '../../../local/assembly';
import { list, record, text } from '../../../local/properties';

/** An action on a resource, of which a policy may name many by a pattern. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
}

/** What a role of the template may do: allowed actions on resources, as far as our roles use IAM's language. */
export class RolePolicy {
  /** @param roleArn as the function names it */
  static ofRole(stack: ResolvedStack, roleArn: string): RolePolicy {
    const role = stack.ofType('AWS::IAM::Role').find(({ logicalId }) => stack.attribute(logicalId, 'Arn') === roleArn);
    if (role === undefined) throw new Error(`test/deploy: ${roleArn} is no role of the template`);
    for (const property of ['ManagedPolicyArns', 'Policies', 'PermissionsBoundary']) {
      if (role.properties[property] !== undefined)
        throw new Error(`test/deploy: ${property} of roles are not evaluated`);
    }
    const documents = stack
      .ofType('AWS::IAM::Policy')
      .filter(({ properties }) => list(properties.Roles).includes(role.physicalId))
      .map(({ properties }) => record(properties.PolicyDocument));
    return new RolePolicy(documents.flatMap((document) => list(document.Statement)).flatMap(permissionsOf));
  }

  private readonly needed = new Set<Permission>();

  private constructor(readonly permissions: readonly Permission[]) {}

  /** Whether it may; and remembers that it had to. */
  allows({ action, resource }: Permission): boolean {
    const found = this.permissions.filter(
      (permission) => matches(permission.action, action) && matches(permission.resource, resource),
    );
    for (const permission of found) this.needed.add(permission);
    return found.length > 0;
  }

  /** What nobody has asked for yet. */
  get unneeded(): readonly Permission[] {
    return this.permissions.filter((permission) => !this.needed.has(permission));
  }
}

const UNDERSTOOD = new Set(['Action', 'Effect', 'Resource', 'Sid']);

function permissionsOf(statement: unknown): Permission[] {
  const { Effect: effect, Action: action, Resource: resource } = record(statement);
  const others = Object.keys(record(statement)).filter((key) => !UNDERSTOOD.has(key));
  if (effect !== 'Allow' || others.length > 0) {
    throw new Error(`test/deploy: statements of this kind are not evaluated: ${JSON.stringify(statement)}`);
  }
  return texts(action).flatMap((name) => texts(resource).map((arn) => ({ action: name, resource: arn })));
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((item) => text(item) ?? '');
}

/** `*` and `?`: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html */
function matches(pattern: string, value: string): boolean {
  const expression = pattern
    .replace(/[\\^$+.()|[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(value);
}
