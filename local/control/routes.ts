import { UserError } from '../user-error';
import { faultRoutes, type FaultyStack } from './fault-routes';
import { type ObservedStack, observationRoutes } from './observation-routes';
import { textOf } from './order';

/** What the control server needs of a stack. */
export interface ControlledStack extends FaultyStack, ObservedStack {
  /** What runs, and where; JSON. */
  readonly state: unknown;
  /** Calls of AWS APIs by service and operation since the last reset. */
  calls(): unknown;
  resetCalls(): void;
  /** Invalidations that CloudFront has accepted; JSON. */
  readonly invalidations: unknown;
  /** Functions, and what invokes them; JSON. */
  readonly functions: unknown;
  /** Events of the stack's event bus; JSON. */
  readonly events: unknown;
  invoke(functionName: string, event: unknown): Promise<unknown>;
  kill(replica: string, signal?: NodeJS.Signals): void;
  killFunction(name: string): void;
  scale(replicas: number): Promise<void>;
  deploy(assemblyDirectory: string): Promise<unknown>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** A last part `:id` stands for any text. */
  readonly path: string;
  /** The answer's JSON; `undefined` answers without content. */
  readonly perform: (body: Readonly<Record<string, unknown>>, address: RequestAddress) => unknown;
}

/** What of a request's address is not its route's. */
export interface RequestAddress {
  readonly query: URLSearchParams;
  /** What stands in the place of the route's `:id`; empty where it has none. */
  readonly parameter: string;
}

export function routes(stack: ControlledStack): readonly Route[] {
  return [
    { method: 'GET', path: '/state', perform: () => stack.state },
    { method: 'GET', path: '/calls', perform: () => stack.calls() },
    {
      method: 'DELETE',
      path: '/calls',
      perform: () => {
        stack.resetCalls();
      },
    },
    { method: 'GET', path: '/invalidations', perform: () => stack.invalidations },
    { method: 'GET', path: '/functions', perform: () => stack.functions },
    { method: 'GET', path: '/events', perform: () => stack.events },
    {
      method: 'POST',
      path: '/invoke',
      perform: (body) => stack.invoke(textOf(body, 'function'), body.event ?? {}),
    },
    {
      method: 'POST',
      path: '/kill',
      perform: (body) => {
        if (body.function === undefined) stack.kill(textOf(body, 'replica'), signalOf(body));
        else stack.killFunction(textOf(body, 'function'));
      },
    },
    ...faultRoutes(stack),
    ...observationRoutes(stack),
    { method: 'POST', path: '/scale', perform: (body) => stack.scale(countOf(body, 'replicas')) },
    { method: 'POST', path: '/deploy', perform: (body) => stack.deploy(textOf(body, 'assembly')) },
  ];
}

/** As many as a laptop could bear at most. */
const MAX_REPLICAS = 100;

function countOf(body: Readonly<Record<string, unknown>>, name: string): number {
  const value = body[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_REPLICAS) return value;
  throw new UserError(`"${name}" must be a whole number from 0 to ${MAX_REPLICAS}; received ${JSON.stringify(value)}`);
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGCONT'];

function signalOf({ signal }: Readonly<Record<string, unknown>>): NodeJS.Signals | undefined {
  const known = SIGNALS.find((name) => name === signal);
  if (known !== undefined || signal === undefined) return known;
  throw new UserError(`"signal" must be one of ${SIGNALS.join(', ')}; received ${JSON.stringify(signal)}`);
}
