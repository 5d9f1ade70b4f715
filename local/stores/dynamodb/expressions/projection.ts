import type { AttributeValue, Item } from '../attribute-value';
import { formatPath, pathsOverlap } from './path';
import type { Substitutions } from './substitutions';
import { Tokens, type Path } from './tokens';

export type Projection = (item: Item) => Item;

/** Parses a `ProjectionExpression`; without one the item is whole. */
export function parseProjection(expression: unknown, substitutions: Substitutions): Projection {
  if (expression === undefined || expression === null) return (item) => item;
  const tokens = new Tokens('ProjectionExpression', expression, substitutions);
  const paths = tokens.list(() => tokens.path());
  tokens.expectEnd();
  assertNoOverlap(paths, (message) => tokens.error(message));
  return (item) => projectPaths(item, paths);
}

export function assertNoOverlap(paths: readonly Path[], error: (message: string) => Error): void {
  paths.forEach((path, index) => {
    const other = paths.slice(0, index).find((earlier) => pathsOverlap(earlier, path) || pathsOverlap(path, earlier));
    if (!other) return;
    throw error(
      `Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${formatPath(other)}, path two: ${formatPath(path)}`,
    );
  });
}

/** The parts of an item at these paths, in the structure in which they stand; members of lists close up. */
export function projectPaths(item: Item, paths: readonly Path[]): Item {
  return project({ M: item }, paths)?.M ?? {};
}

function project(value: AttributeValue, paths: readonly Path[]): AttributeValue | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if (value.M) {
    const members = byFirstStep(paths).flatMap(([name, rests]) => {
      const member = typeof name === 'string' ? value.M?.[name] : undefined;
      const projected = member && project(member, rests);
      return projected ? [[name, projected] as const] : [];
    });
    return members.length === 0 ? undefined : { M: Object.fromEntries(members) };
  }
  if (value.L) {
    const elements = byFirstStep(paths)
      .sort(([left], [right]) => Number(left) - Number(right))
      .flatMap(([index, rests]) => {
        const element = typeof index === 'number' ? value.L?.[index] : undefined;
        return element ? (project(element, rests) ?? []) : [];
      });
    return elements.length === 0 ? undefined : { L: elements };
  }
  return undefined;
}

function byFirstStep(paths: readonly Path[]): [string | number, Path[]][] {
  const groups = new Map<string | number, Path[]>();
  for (const [step, ...rest] of paths) {
    if (step === undefined) continue;
    groups.set(step, [...(groups.get(step) ?? []), rest]);
  }
  return [...groups];
}
