import { UserError } from '../user-error';

/** The JSON body of a request. */
export type Order = Readonly<Record<string, unknown>>;

export function textOf(order: Order, name: string): string {
  const value = order[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new UserError(`"${name}" must be a text; received ${JSON.stringify(value)}`);
}
