/** What a request's way through the balancer was; one a request, after its end. */
export interface BalancerEvent {
  /** Milliseconds since the epoch at which the request came. */
  readonly time: number;
  readonly method: string;
  readonly url: string;
  readonly host: string;
  /** `X-Amz-Cf-Id` of a request that came through CloudFront. */
  readonly edgeRequestId?: string;
  /** `X-Amzn-Trace-Id` that the target got; absent where none was asked. */
  readonly traceId?: string;
  /** Port of the listener, as the template has it. */
  readonly listener: number;
  /** Priority of the rule, or `default`. */
  readonly rule: number | 'default';
  readonly targetGroup?: string;
  /** Host and port of the target. */
  readonly target?: string;
  /** What the client got; 460 when it left before. */
  readonly status: number;
  /** What the target answered; absent when it did not. */
  readonly targetStatus?: number;
  /** Why the balancer answered itself. */
  readonly reason?: string;
  /** Milliseconds to the target's headers, and to the end. */
  readonly targetFirstByte?: number;
  readonly total: number;
}
