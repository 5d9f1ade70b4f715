import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import type { AnswerPolicy } from '../http/answer';
import { enterRequest, type RequestContext } from '../http/context';
import { asksForPath, cleanIncoming } from '../http/incoming';
import { createRequestContext } from '../http/request-context';
import type { Doorkeeper } from './door';
import type { HealthCheck } from './health';
import type { InFlight } from './in-flight';
import type { OtherBuildsPictures } from './other-builds-pictures';
import type { Shutdown } from './shutdown';

export interface DoorkeeperOptions {
  readonly health: HealthCheck;
  readonly inFlight: InFlight;
  readonly shutdown: Shutdown;
  readonly policy: AnswerPolicy;
  readonly pictures: OtherBuildsPictures;
  readonly onListening: (server: Server) => void;
  /** Sees every request that is let in. */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;
}

/** Answers health checks, cleans what comes in, and gives every request its context and every answer the policy. */
export function createDoorkeeper(options: DoorkeeperOptions): Doorkeeper {
  const { health, inFlight, shutdown, policy, pictures, onListening, onRequest } = options;
  return {
    listening: onListening,
    request: (request, response) => {
      // A draining server keeps no connection: the balancer has to look for another one.
      if (shutdown.stopping) response.shouldKeepAlive = false;
      if (health.asksForHealth(request)) {
        health.answer(request, response);
        return true;
      }
      if (!asksForPath(request)) {
        response.writeHead(400, { 'cache-control': 'no-store' }).end();
        return true;
      }
      const location = pictures.tryFindOriginal(request.url ?? '');
      if (location !== undefined) {
        response.writeHead(307, { location, 'cache-control': 'no-store' }).end();
        return true;
      }
      inFlight.add(request, response);
      cleanIncoming(request);
      const context = createRequestContext(request, response);
      onRequest?.(request, response, context);
      policy.attach(request, response, context);
      enterRequest(context);
      return false;
    },
    upgrade: (request, socket) => {
      // https://github.com/vercel/next.js/security/advisories/GHSA-c4j6-fc7j-m34r
      if (!asksForPath(request)) {
        socket.destroy();
        return true;
      }
      cleanIncoming(request);
      return false;
    },
  };
}
