import type { UnsupportedResource } from '../assembly';

/** Names what does not run here, in sentences for the user: every type that is missed, and the services of what is not needed. */
export function describeNotRun(resources: readonly UnsupportedResource[]): string[] {
  const missed = resources.filter(({ reason }) => reason === undefined).map(({ type }) => type);
  const needless = resources.filter(({ reason }) => reason !== undefined).map(({ type }) => type);
  return [
    ...(missed.length > 0 ? [`not run: ${list(groupBy(missed, (type) => type))}`] : []),
    ...(needless.length > 0 ? [`not needed on one machine: ${list(groupBy(needless, serviceOf))}`] : []),
  ];
}

/** `AWS::EC2` of `AWS::EC2::Subnet`; of a custom resource the whole type. */
function serviceOf(type: string): string {
  return type.startsWith('AWS::') ? type.split('::', 2).join('::') : type;
}

function groupBy(types: readonly string[], key: (type: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const type of types) groups.set(key(type), [...(groups.get(key(type)) ?? []), type]);
  return groups;
}

/** `AWS::EC2 (23), AWS::S3::BucketPolicy`: a group of one type by the type. */
function list(groups: ReadonlyMap<string, readonly string[]>): string {
  const texts = [...groups].map(([key, types]) => {
    const name = types.every((type) => type === types[0]) ? types[0] : key;
    return types.length === 1 ? name : `${name ?? key} (${types.length})`;
  });
  return texts.join(', ');
}
