/** A resource of a CloudFormation template with every intrinsic resolved. */
export interface BalancerResource {
  readonly logicalId: string;
  readonly type: string;
  /** What `Ref` gives: the ARN. */
  readonly physicalId: string;
  readonly properties: Properties;
}

export type Properties = Readonly<Record<string, unknown>>;

/** Readers of resolved properties; CloudFormation takes numbers and booleans as strings too. */
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
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown, otherwise: number): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : otherwise;
}

export function booleanOf(value: unknown, otherwise = false): boolean {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.toLowerCase() === 'true' : otherwise;
}

/** `LoadBalancerAttributes` and `TargetGroupAttributes`: a list of keys and values. */
export function attributesOf(value: unknown): ReadonlyMap<string, string> {
  return new Map(
    listOf(value)
      .map(propertiesOf)
      .map(
        (attribute) => [stringOf(attribute.Key) ?? '', stringOf(attribute.Value) ?? String(attribute.Value)] as const,
      ),
  );
}
