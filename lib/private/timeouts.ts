import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ConfigurationError } from './errors';

/** What CloudFront grants without a quota increase: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
const LONGEST_REQUEST_TIMEOUT = 120;
/** ECS' bounds of `stopTimeout` on Fargate. */
const SHORTEST_STOP_TIMEOUT = 2;
const LONGEST_STOP_TIMEOUT = 120;
/** CloudFront's own quota for VPC origins is 1 to 60 seconds; longer saves connections, shorter frees them. */
const ORIGIN_KEEP_ALIVE = 30;
/** What a load balancer takes for its idle timeout. */
const LONGEST_IDLE_TIMEOUT = 4000;
/** Room between one timeout and the next that must outlast it. */
const MARGIN = 30;

export interface TimeoutsOptions {
  readonly requestTimeout?: Duration;
  readonly stopTimeout?: Duration;
  /** Idle timeout of a balancer that exists already. */
  readonly loadBalancerIdle?: Duration;
}

/**
 * Every timeout between viewer and process, derived from how long a request may take.
 *
 * A connection is closed by the side that would reuse it, or a request is lost to a 502: CloudFront's keep-alive is shorter than the
 * balancer's idle timeout, and that is shorter than the server's keep-alive, which the runtime sets from
 * `NEXTJS_LOAD_BALANCER_IDLE_TIMEOUT`. The idle timeout is also longer than CloudFront's patience with a silent origin, so that the
 * side that gives up first is the one that can say 504.
 */
export class Timeouts {
  /** How long CloudFront waits for the first byte and between packets. */
  readonly originRead: Duration;
  /** How long CloudFront keeps an idle connection to the balancer. */
  readonly originKeepAlive = Duration.seconds(ORIGIN_KEEP_ALIVE);
  /** How long the balancer keeps an idle connection, on both of its sides. */
  readonly loadBalancerIdle: Duration;
  /** How long a task that leaves may go on with its requests before it is asked to stop. */
  readonly deregistrationDelay: Duration;
  /** How long a task that was asked to stop has until it is killed. */
  readonly stop: Duration;

  constructor(scope: IConstruct, part: string, options: TimeoutsOptions = {}) {
    const request = options.requestTimeout?.toSeconds() ?? 60;
    requireRange(
      scope,
      `${part}.requestTimeout`,
      request,
      1,
      LONGEST_REQUEST_TIMEOUT,
      'a longer one needs a quota of your own',
    );
    const stop = options.stopTimeout?.toSeconds() ?? Math.min(request + MARGIN, LONGEST_STOP_TIMEOUT);
    requireRange(
      scope,
      `${part}.stopTimeout`,
      stop,
      SHORTEST_STOP_TIMEOUT,
      LONGEST_STOP_TIMEOUT,
      'Fargate kills later tasks anyway',
    );

    this.originRead = Duration.seconds(request);
    this.loadBalancerIdle =
      options.loadBalancerIdle ?? Duration.seconds(Math.max(request, ORIGIN_KEEP_ALIVE) + 2 * MARGIN);
    requireOrder(scope, Math.max(request, ORIGIN_KEEP_ALIVE), this.loadBalancerIdle.toSeconds());
    this.deregistrationDelay = Duration.seconds(request);
    this.stop = Duration.seconds(stop);
  }
}

/** What keeps a connection for reuse has to let go of it before the other side does. */
function requireOrder(scope: IConstruct, edge: number, idle: number): void {
  if (idle > edge && idle <= LONGEST_IDLE_TIMEOUT) return;
  throw new ConfigurationError({
    part: 'NextjsIngress.idleTimeout',
    scope,
    problem:
      `the load balancer's idle timeout must be above ${edge} seconds, the longer of \`requestTimeout\` and the ${ORIGIN_KEEP_ALIVE} seconds ` +
      `that CloudFront keeps a connection, and at most ${LONGEST_IDLE_TIMEOUT}; received ${idle}`,
    remedy: 'Raise the idle timeout of the load balancer and give its new value, or lower `requestTimeout`',
  });
}

function requireRange(scope: IConstruct, part: string, seconds: number, from: number, to: number, why: string): void {
  if (seconds >= from && seconds <= to) return;
  throw new ConfigurationError({
    part,
    scope,
    problem: `must be between ${from} and ${to} seconds; received ${seconds}`,
    remedy: `Choose a duration in that range: ${why}`,
  });
}
