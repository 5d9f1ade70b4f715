import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { limitConnecting } from '../connection-timeout';
import {
  BalancedRequest,
  CLIENT_LEFT,
  CONNECTION_TIMEOUT,
  NO_CONNECTION,
  type BalancedRequestContext,
} from './balanced-request';
import { describeEmpty } from './destination';
import { ownResponseText, type OwnResponse } from './own-response';
import type { Target } from './target';

/** A WebSocket: after its handshake bytes go both ways, until one side closes or both fall silent. */
export class BalancedWebSocket extends BalancedRequest {
  private ownStatus: number | undefined;

  constructor(
    context: BalancedRequestContext,
    incoming: IncomingMessage,
    private readonly client: Duplex,
  ) {
    super(context, incoming);
  }

  /** @param head what of the client's bytes came with its request */
  answer(head: Buffer): void {
    const { client } = this;
    client.on('error', () => client.destroy());
    client.on('close', () => {
      this.record(this.targetStatus ?? this.ownStatus ?? CLIENT_LEFT);
    });
    const decision = this.decide();
    if ('status' in decision) this.end(decision);
    else if (decision.target === undefined) this.refuse(503, describeEmpty(decision.group));
    else this.connect(decision.target, head);
  }

  private connect(target: Target, head: Buffer): void {
    const { client, incoming } = this;
    const upgrade = ['Connection', 'Upgrade', 'Upgrade', incoming.headers.upgrade ?? 'websocket'];
    const outgoing = this.open(target, [...this.headers(), ...upgrade], false);
    const done = target.begin(() => client.destroy());
    client.on('close', () => {
      outgoing.destroy();
      done();
    });
    limitConnecting(outgoing, CONNECTION_TIMEOUT, () => {
      this.refuse(504, NO_CONNECTION);
      outgoing.destroy();
    });
    outgoing.on('upgrade', (response, socket, first) => {
      this.begin(response);
      if (first.length > 0) client.write(first);
      if (head.length > 0) socket.write(head);
      join(client, socket, this.context.balancer.idleTimeout * 1000);
    });
    outgoing.on('response', (response) => {
      this.begin(response);
      response.pipe(client);
    });
    outgoing.on('error', (error) => {
      this.refuse(502, `target ${target.id}: ${error.message}`);
    });
    outgoing.end();
  }

  /** The target has answered the handshake. */
  private begin(response: IncomingMessage): void {
    this.targetStatus = response.statusCode;
    this.targetFirstByte = this.elapsed;
    this.client.write(headOf(response));
  }

  private refuse(status: number, reason: string): void {
    if (!this.client.writable || this.targetStatus !== undefined) {
      this.client.destroy();
      return;
    }
    this.reason ??= reason;
    this.end({ status });
  }

  private end(response: OwnResponse): void {
    this.ownStatus = response.status;
    this.client.end(ownResponseText(response));
  }
}

function headOf({ statusCode, statusMessage = '', rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${String(statusCode)} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i] ?? ''}: ${rawHeaders[i + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function join(client: Duplex, target: Socket, idleTimeout: number): void {
  client.pipe(target).pipe(client);
  target.setTimeout(idleTimeout, () => target.destroy());
  target.on('error', () => target.destroy());
  target.on('close', () => client.destroy());
  client.on('close', () => target.destroy());
}
