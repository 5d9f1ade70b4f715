import type { Server } from 'node:http';

/**
 * How much longer than the load balancer the server keeps an idle connection. It may never be the one to close: the balancer would send the next
 * request into the closing connection and answer 502.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-502-issues
 */
const KEEP_ALIVE_MARGIN = 5_000;
/** headersTimeout has to be longer still: https://github.com/nodejs/node/issues/27363 */
const HEADERS_MARGIN = 1_000;

/** Derives the server's timeouts from the load balancer's idle timeout (milliseconds). A longer one that was asked for stays. */
export function setTimeouts(server: Server, idleTimeout: number): void {
  server.keepAliveTimeout = Math.max(server.keepAliveTimeout, idleTimeout + KEEP_ALIVE_MARGIN);
  server.headersTimeout = Math.max(server.headersTimeout, server.keepAliveTimeout + HEADERS_MARGIN);
  if (server.requestTimeout !== 0) server.requestTimeout = Math.max(server.requestTimeout, server.headersTimeout);
}
