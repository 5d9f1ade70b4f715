/** What the control server needs of a stack. */
export interface ControlledStack {
  /** What runs, and where; JSON. */
  readonly state: unknown;
  /** Calls of AWS APIs by service and operation since the last reset. */
  calls(): unknown;
  resetCalls(): void;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The answer's JSON; `undefined` answers without content. */
  readonly perform: () => unknown;
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
  ];
}
