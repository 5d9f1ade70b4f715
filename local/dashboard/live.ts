import type { FaultState } from '../faults';
import type { LocalStackState, Metrics } from '../stack';
import type { RequestSummary } from '../trace';

/** What the stream tells of the stack. */
export interface Live {
  readonly state: LocalStackState & { readonly faults: readonly FaultState[] };
  readonly metrics: Metrics;
}

export interface LiveListener {
  readonly onState: (live: Live) => void;
  readonly onRequests: (requests: readonly RequestSummary[]) => void;
  readonly onConnection: (isOpen: boolean) => void;
}

/** Listens to the stream for as long as the page is open; the browser connects again by itself. */
export function listen({ onState, onRequests, onConnection }: LiveListener): void {
  const source = new EventSource('/stream');
  source.addEventListener('open', () => {
    onConnection(true);
  });
  source.addEventListener('error', () => {
    onConnection(false);
  });
  source.addEventListener('state', ({ data }) => {
    onState(JSON.parse(String(data)) as Live);
  });
  source.addEventListener('requests', ({ data }) => {
    onRequests(JSON.parse(String(data)) as RequestSummary[]);
  });
}
