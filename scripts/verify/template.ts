/** As much of a CloudFormation template as is read here. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** Resources by their type, the most frequent first. */
export function countTypes({ Resources: resources }: Template): readonly (readonly [type: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { Type: type } of Object.values(resources)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([a, many], [b, more]) => more - many || a.localeCompare(b));
}

/** Logical ids of what stays when the stack is deleted. */
export function retainedIds({ Resources: resources }: Template): readonly string[] {
  return Object.keys(resources).filter((id) => resources[id]?.DeletionPolicy?.startsWith('Retain'));
}
