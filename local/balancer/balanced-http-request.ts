import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';

import { limitConnecting } from '../connection-timeout';
import { sendAsOnePacket } from '../one-packet';
import {
  BalancedRequest,
  CLIENT_LEFT,
  CONNECTION_TIMEOUT,
  NO_CONNECTION,
  type BalancedRequestContext,
} from './balanced-request';
import { describeEmpty, type Destination } from './destination';
import { returnedHeaders } from './forwarded-request';
import { sendOwnResponse } from './own-response';
import { targetCookies } from './stickiness';

/** A request on its way to a target and back, passed on as it comes in both directions. */
export class BalancedHttpRequest extends BalancedRequest {
  constructor(
    context: BalancedRequestContext,
    incoming: IncomingMessage,
    private readonly client: ServerResponse,
  ) {
    super(context, incoming);
  }

  answer(): void {
    const { client } = this;
    client.on('close', () => {
      this.record(client.writableFinished ? client.statusCode : CLIENT_LEFT);
    });
    const decision = this.decide();
    if ('status' in decision) sendOwnResponse(client, decision);
    else this.forward(decision);
  }

  private forward(destination: Destination): void {
    const { client } = this;
    const { target, group } = destination;
    if (target === undefined) {
      this.refuse(503, describeEmpty(group));
      return;
    }
    const outgoing = this.open(target, this.headers(), target.agent);
    const done = target.begin(() => {
      outgoing.destroy();
      client.destroy();
    });
    client.on('close', () => {
      done();
      if (!client.writableFinished) outgoing.destroy();
    });
    this.limitTime(outgoing);
    outgoing.on('response', (response) => {
      this.pass(response, destination);
    });
    outgoing.on('error', (error: Error) => {
      this.refuse(502, `target ${target.id}: ${error.message}`);
    });
    // Nobody asked for a switch of protocols.
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy();
      this.refuse(502, `target ${target.id} switched protocols without being asked`);
    });
    if (hasBody(this.incoming)) this.incoming.pipe(outgoing);
    else outgoing.end();
  }

  private pass(response: IncomingMessage, { target, group, groupCookies }: Destination): void {
    const { client } = this;
    this.targetStatus = response.statusCode;
    this.targetFirstByte = this.elapsed;
    if (client.destroyed) {
      response.destroy();
      return;
    }
    const headers = returnedHeaders(response.rawHeaders);
    headers.push(...targetCookies(group.settings.stickiness, target?.id ?? '', headers), ...groupCookies);
    sendAsOnePacket(client);
    client.writeHead(response.statusCode ?? 502, response.statusMessage, headers);
    client.flushHeaders();
    // An answer that breaks off must break off for the client too.
    response.on('error', () => client.destroy());
    response.on('aborted', () => client.destroy());
    response.pipe(client);
  }

  /** The connection timeout, then the idle timeout: silence in both directions. */
  private limitTime(outgoing: ClientRequest): void {
    const { idleTimeout } = this.context.balancer;
    const expire = (reason: string): void => {
      this.refuse(504, reason);
      outgoing.destroy();
    };
    limitConnecting(outgoing, CONNECTION_TIMEOUT, () => {
      expire(NO_CONNECTION);
    });
    outgoing.setTimeout(idleTimeout * 1000, () => {
      expire(`no byte for ${String(idleTimeout)} s (idle timeout)`);
    });
  }

  /** An answer of the balancer itself; where one has begun already, only an end. */
  private refuse(status: number, reason: string): void {
    const { client } = this;
    if (client.headersSent || client.destroyed) {
      client.destroy();
      return;
    }
    this.reason ??= reason;
    sendOwnResponse(client, { status });
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
