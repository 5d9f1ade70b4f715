/** A resource of a CloudFormation template with every intrinsic resolved. */
export interface EdgeResource {
  readonly logicalId: string;
  /** CloudFormation's type, for example `AWS::CloudFront::CachePolicy`. */
  readonly type: string;
  /** What `Ref` of the resource gives. */
  readonly physicalId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export type Properties = Readonly<Record<string, unknown>>;

/**
 * Readers of resolved template properties. CloudFormation takes numbers and booleans as strings too (parameters always are),
 * so that `'30'` is 30 and `'true'` is true.
 */
export function propertiesOf(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

export function stringsOf(value: unknown): readonly string[] {
  return listOf(value).map(String);
}

export function stringOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' ? String(value) : undefined;
}

export function numberOf(value: unknown, otherwise: number): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : otherwise;
}

export function booleanOf(value: unknown, otherwise = false): boolean {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.toLowerCase() === 'true' : otherwise;
}
