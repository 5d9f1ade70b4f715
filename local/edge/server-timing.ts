import type { Answer } from './answer';
import type { HeaderFields } from './header-fields';

export interface ServerTiming {
  readonly answer: Answer;
  readonly requestId: string;
  /** Where the viewer is served from. */
  readonly pointOfPresence: string;
  /** Milliseconds from the request to its answer's first byte. */
  readonly firstByte: number;
}

/** Whether a response carries the edge's metrics: a share of them does, and each whose request asks for it. */
export function hasServerTiming(request: HeaderFields, samplingRate: number | undefined): boolean {
  if (samplingRate === undefined) return false;
  return request.get('pragma')?.toLowerCase() === 'server-timing' || Math.random() * 100 < samplingRate;
}

/**
 * Adds the edge's metrics to a response; of a cached one the origin's own go.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html#server-timing-header
 */
export function addServerTiming(headers: HeaderFields, timing: ServerTiming): void {
  const { answer, requestId, pointOfPresence, firstByte } = timing;
  const result = outcome(answer);
  const metrics = [
    ...(result === MISS ? upstream(answer) : []),
    result,
    `cdn-pop;desc="${pointOfPresence}"`,
    `cdn-rid;desc="${requestId}"`,
    ...(result === HIT ? ['cdn-hit-layer;desc="EDGE"'] : []),
    `cdn-downstream-fbl;dur=${String(Math.round(firstByte))}`,
    result === HIT ? undefined : headers.get('server-timing'),
  ];
  headers.set('server-timing', metrics.filter(Boolean).join(','));
}

const HIT = 'cdn-cache-hit';
const MISS = 'cdn-cache-miss';

function outcome({ result, stored, origin }: Answer): string | undefined {
  if (result === 'RefreshHit') return 'cdn-cache-refresh';
  if (stored || result === 'Hit') return HIT;
  return origin === undefined ? undefined : MISS;
}

function upstream({ origin }: Answer): string[] {
  if (origin === undefined) return [];
  const { connect = 0, firstByte } = origin;
  return [
    'cdn-upstream-layer;desc="EDGE"',
    'cdn-upstream-dns;dur=0',
    `cdn-upstream-connect;dur=${String(Math.round(connect))}`,
    `cdn-upstream-fbl;dur=${String(Math.round(firstByte - connect))}`,
  ];
}
