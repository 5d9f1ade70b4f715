import { type Fault, readFault } from '../faults';
import { UserError } from '../user-error';
import { type Order, textOf } from './order';
import type { Route } from './routes';

/** What the control server needs of a stack to put something wrong with it. */
export interface FaultyStack {
  /** The faults that are on; JSON. */
  readonly faults: unknown;
  /** Answers the fault with its id. */
  addFault(fault: Fault): unknown;
  removeFault(id?: string): void;
  freeze(replica: string): void;
  resume(replica: string): void;
  skew(replica: string, milliseconds: number): void;
  partition(replica: string, isPartitioned: boolean): void;
}

export function faultRoutes(stack: FaultyStack): readonly Route[] {
  return [
    { method: 'GET', path: '/faults', perform: () => stack.faults },
    { method: 'POST', path: '/faults', perform: (order) => stack.addFault(readFault(order)) },
    {
      method: 'DELETE',
      path: '/faults',
      perform: (order) => {
        stack.removeFault(order.id === undefined ? undefined : textOf(order, 'id'));
      },
    },
    {
      method: 'POST',
      path: '/freeze',
      perform: (order) => {
        stack.freeze(textOf(order, 'replica'));
      },
    },
    {
      method: 'POST',
      path: '/resume',
      perform: (order) => {
        stack.resume(textOf(order, 'replica'));
      },
    },
    {
      method: 'POST',
      path: '/skew',
      perform: (order) => {
        stack.skew(textOf(order, 'replica'), skewOf(order));
      },
    },
    {
      method: 'POST',
      path: '/partition',
      perform: (order) => {
        stack.partition(textOf(order, 'replica'), booleanOf(order, 'partitioned'));
      },
    },
  ];
}

/** A year either way: farther, and certificates and dates are nonsense. */
const LARGEST_SKEW = 365 * 86_400_000;

function skewOf({ milliseconds }: Order): number {
  if (typeof milliseconds === 'number' && Math.abs(milliseconds) <= LARGEST_SKEW) return milliseconds;
  throw new UserError(
    `"milliseconds" must be a number from -${LARGEST_SKEW} to ${LARGEST_SKEW}; received ${JSON.stringify(milliseconds)}`,
  );
}

function booleanOf(order: Order, name: string): boolean {
  const value = order[name];
  if (typeof value === 'boolean') return value;
  throw new UserError(`"${name}" must be true or false; received ${JSON.stringify(value)}`);
}
