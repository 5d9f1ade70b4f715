import type { AttributeValue, Item } from '../attribute-value';
import type { Path } from './tokens';

/** The value at a path; undefined where there is none. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: item };
  for (const step of path) {
    value = typeof step === 'number' ? value?.L?.[step] : value?.M?.[step];
  }
  return value;
}

/** How a path is written, for errors. */
export function formatPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${String(step)}]` : step)).join(', ')}]`;
}

/** Whether one path leads to, or through, the other. */
export function pathsOverlap(left: Path, right: Path): boolean {
  return left.slice(0, right.length).every((step, index) => step === right[index]);
}
