import type { TemplateDocument, TemplateResource } from '../assembly';
import { record } from '../properties';

/** What the resources of a template need of each other, by `DependsOn` and by reference. */
export class Dependencies {
  private readonly needs = new Map<string, ReadonlySet<string>>();

  constructor(private readonly template: TemplateDocument) {}

  /** Every resource that one needs, and those that they need. */
  of(logicalId: string): ReadonlySet<string> {
    const known = this.needs.get(logicalId);
    if (known) return known;
    const found = new Set<string>();
    // Before its dependencies are followed, so that a cycle ends.
    this.needs.set(logicalId, found);
    const resource = this.template.Resources[logicalId];
    for (const id of resource ? direct(resource) : []) {
      if (this.template.Resources[id] === undefined) continue;
      found.add(id);
      for (const further of this.of(id)) found.add(further);
    }
    return found;
  }

  /** The ids in such an order that each comes after those that it needs; otherwise in the order given. */
  sort(logicalIds: readonly string[]): string[] {
    const sorted: string[] = [];
    const visit = (id: string) => {
      if (sorted.includes(id)) return;
      for (const other of logicalIds) if (other !== id && this.of(id).has(other)) visit(other);
      if (!sorted.includes(id)) sorted.push(id);
    };
    logicalIds.forEach(visit);
    return sorted;
  }
}

function direct({ DependsOn: dependsOn, Properties: properties }: TemplateResource): string[] {
  return [...(typeof dependsOn === 'string' ? [dependsOn] : (dependsOn ?? [])), ...references(properties)];
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Sub': substitution } = record(value);
  return [
    ...(typeof ref === 'string' ? [ref] : []),
    ...attributeTarget(attribute),
    ...substituted(substitution),
    ...Object.values(value).flatMap(references),
  ];
}

function attributeTarget(attribute: unknown): string[] {
  const parts: unknown = typeof attribute === 'string' ? attribute.split('.') : attribute;
  const target: unknown = Array.isArray(parts) ? parts[0] : undefined;
  return typeof target === 'string' ? [target] : [];
}

function substituted(substitution: unknown): string[] {
  const [template] = Array.isArray(substitution) ? (substitution as unknown[]) : [substitution];
  if (typeof template !== 'string') return [];
  return [...template.matchAll(/\$\{([^!}.][^}.]*)/g)].map(([, name = '']) => name.trim());
}
