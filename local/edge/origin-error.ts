export interface OriginErrorOptions extends ErrorOptions {
  /** Whether the origin could be connected to. @default true */
  readonly isConnected?: boolean;
}

/** No answer came from the origin; `status` is what CloudFront tells the viewer. */
export class OriginError extends Error {
  override readonly name = 'OriginError';
  readonly isConnected: boolean;

  constructor(
    message: string,
    readonly status: 403 | 502 | 504,
    readonly originId: string,
    readonly attempts: number,
    { isConnected = true, ...options }: OriginErrorOptions = {},
  ) {
    super(message, options);
    this.isConnected = isConnected;
  }

  /**
   * What the criteria of an origin group know it by: 503 where no connection came about, and 504 where the origin took too long.
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html
   */
  get failoverStatus(): number {
    return this.isConnected ? this.status : 503;
  }
}
