import { isObject, normalize, type AttributeValue } from '../attribute-value';
import { DynamoDbError } from '../errors';

/** A request's `ExpressionAttributeNames` and `ExpressionAttributeValues`, all of which its expressions have to use. */
export class Substitutions {
  private readonly names: Record<string, unknown>;
  private readonly values: Record<string, unknown>;
  private readonly used = new Set<string>();

  constructor(input: { readonly ExpressionAttributeNames?: unknown; readonly ExpressionAttributeValues?: unknown }) {
    this.names = isObject(input.ExpressionAttributeNames) ? input.ExpressionAttributeNames : {};
    this.values = isObject(input.ExpressionAttributeValues) ? input.ExpressionAttributeValues : {};
  }

  name(placeholder: string): string {
    const name = this.names[placeholder];
    if (typeof name !== 'string') {
      throw DynamoDbError.validation(
        `Invalid expression: An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
      );
    }
    this.used.add(placeholder);
    return name;
  }

  value(placeholder: string): AttributeValue {
    const value = this.values[placeholder];
    if (value === undefined) {
      throw DynamoDbError.validation(
        `Invalid expression: An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
      );
    }
    this.used.add(placeholder);
    return normalize(value);
  }

  assertAllUsed(): void {
    this.assertUsed('ExpressionAttributeNames', this.names);
    this.assertUsed('ExpressionAttributeValues', this.values);
  }

  private assertUsed(parameter: string, entries: Record<string, unknown>): void {
    const unused = Object.keys(entries).filter((placeholder) => !this.used.has(placeholder));
    if (unused.length > 0) {
      throw DynamoDbError.validation(
        `Value provided in ${parameter} unused in expressions: keys: {${unused.join(', ')}}`,
      );
    }
  }
}
