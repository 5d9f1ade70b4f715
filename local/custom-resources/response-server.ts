import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { LoopbackServer } from '../stores';

/** Where functions send what became of a custom resource: on AWS, a presigned URL of a bucket. */
export class ResponseServer {
  static async start(): Promise<ResponseServer> {
    const waiting = new Map<string, (body: string) => void>();
    const server = await LoopbackServer.start((request, response) => receive(request, response, waiting));
    return new ResponseServer(server, waiting);
  }

  private constructor(
    private readonly server: LoopbackServer,
    private readonly waiting: Map<string, (body: string) => void>,
  ) {}

  /** An address that takes one response. */
  open(): { readonly url: string; readonly body: Promise<string>; readonly close: () => void } {
    const path = `/${randomUUID()}`;
    const body = new Promise<string>((resolve) => this.waiting.set(path, resolve));
    return { url: this.server.endpoint + path, body, close: () => this.waiting.delete(path) };
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  waiting: Map<string, (body: string) => void>,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const take = waiting.get(request.url ?? '');
  const isPut = request.method === 'PUT' && take !== undefined;
  response.writeHead(isPut ? 200 : 403).end();
  if (isPut) take(Buffer.concat(pieces).toString());
}
