/** Narrow readers of a resolved template's untyped properties; what has another type counts as absent. */

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** CloudFormation takes numbers and booleans where it wants strings. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A non-empty list of strings, or nothing. */
export function texts(value: unknown): string[] | undefined {
  const items = list(value).flatMap((item) => text(item) ?? []);
  return items.length > 0 ? items : undefined;
}

/** CloudFormation takes strings where it wants numbers. */
export function number(value: unknown): number | undefined {
  const result = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof result === 'number' && Number.isFinite(result) ? result : undefined;
}
