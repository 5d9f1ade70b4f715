import { UserError } from '../user-error';

/** What can fail: the embedded services, and the load balancer as the edge asks it. */
export const FAULT_TARGETS = ['s3', 'dynamodb', 'cloudfront', 'origin'] as const;
export type FaultTarget = (typeof FAULT_TARGETS)[number];

/** How it can fail. */
export const FAULT_KINDS = ['refuse', 'hang', 'slow', 'throttle', 'corrupt'] as const;
/**
 * - `refuse`: the connection is cut before an answer
 * - `hang`: no answer, until the caller gives up or the fault ends
 * - `slow`: what is asked waits for a time first
 * - `throttle`: the service's own error for who asks too often; of an origin, a 503
 * - `corrupt`: what is asked is done, and a byte of the answer's body arrives wrong
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A fault, as it is ordered. */
export interface Fault {
  readonly target: FaultTarget;
  readonly kind: FaultKind;
  /** Of `slow`: how long. */
  readonly milliseconds?: number;
  /** Share of the calls that meet it, above 0 and up to 1. @default 1 */
  readonly rate?: number;
  /** How long the fault lasts. @default - until it is removed */
  readonly seconds?: number;
  /** Only the calls of this replica meet it. @default - everybody's, also those of functions and of the edge */
  readonly replica?: string;
  /** Only calls of this operation, for example `GetObject`, meet it. @default - all */
  readonly operation?: string;
}

const PART = 'cdk-nextjs-ecs local';

/** Longest time that a fault or a delay may last: a day. */
const MOST_SECONDS = 86_400;

const FIELDS = ['target', 'kind', 'milliseconds', 'rate', 'seconds', 'replica', 'operation'];

/** Checks what somebody orders over HTTP or from JavaScript. @throws UserError naming the value and what is allowed */
export function readFault(order: Readonly<Record<string, unknown>>): Fault {
  const unknown = Object.keys(order).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new UserError(`${PART}: a fault has no "${unknown}"; it has ${FIELDS.join(', ')}.`);
  }
  const fault = {
    target: oneOf(order, 'target', FAULT_TARGETS),
    kind: oneOf(order, 'kind', FAULT_KINDS),
    milliseconds: within(order, 'milliseconds', MOST_SECONDS * 1000),
    rate: within(order, 'rate', 1),
    seconds: within(order, 'seconds', MOST_SECONDS),
    replica: text(order, 'replica'),
    operation: text(order, 'operation'),
  };
  refuseNonsense(fault);
  return fault;
}

function refuseNonsense({ target, kind, milliseconds, replica, operation }: Fault): void {
  if (kind === 'slow' && milliseconds === undefined) {
    throw new UserError(`${PART}: a fault of kind "slow" needs "milliseconds", how long each call is to wait.`);
  }
  if (kind !== 'slow' && milliseconds !== undefined) {
    throw new UserError(`${PART}: "milliseconds" belongs to faults of kind "slow" only; received kind "${kind}".`);
  }
  const narrowed = replica === undefined ? (operation === undefined ? undefined : 'operation') : 'replica';
  if (target === 'origin' && narrowed !== undefined) {
    throw new UserError(
      `${PART}: "${narrowed}" belongs to faults of s3, dynamodb and cloudfront; an origin knows neither.`,
    );
  }
}

function oneOf<Name extends string>(
  order: Readonly<Record<string, unknown>>,
  name: string,
  allowed: readonly Name[],
): Name {
  const found = allowed.find((candidate) => candidate === order[name]);
  if (found !== undefined) return found;
  throw new UserError(`${PART}: "${name}" must be one of ${allowed.join(', ')}; received ${shown(order[name])}.`);
}

function within(order: Readonly<Record<string, unknown>>, name: string, most: number): number | undefined {
  const value = order[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0 && value <= most) return value;
  throw new UserError(`${PART}: "${name}" must be a number above 0 and up to ${most}; received ${shown(value)}.`);
}

function text(order: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = order[name];
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new UserError(`${PART}: "${name}" must be a text; received ${shown(value)}.`);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
