import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { record } from '../properties';
import { UserError } from '../user-error';
import { type ControlledStack, type Route, routes } from './routes';

const LOOPBACK = '127.0.0.1';

/** The names that a browser or a test may call this server by. */
const HOST_NAMES = new Set([LOOPBACK, 'localhost']);

/** Answers questions about a running stack, and takes orders for it, as JSON over HTTP. */
export class ControlServer {
  private readonly server = createServer();

  /** Begins to answer for a stack. @param port 0 takes a free one */
  async listen(stack: ControlledStack, port: number): Promise<void> {
    const table = routes(stack);
    this.server.on('request', (request, response) => void answer(table, request, response));
    this.server.listen(port, LOOPBACK);
    await once(this.server, 'listening');
  }

  /** For example `http://127.0.0.1:40123`. */
  get url(): string {
    return `http://${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

async function answer(table: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refusal = refuse(request);
  if (refusal !== undefined) {
    send(response, 403, { error: refusal });
    return;
  }
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const candidates = table.filter((route) => route.path === path);
  const route = candidates.find(({ method }) => method === request.method);
  if (route !== undefined) {
    await perform(route, request, response);
  } else if (candidates.length > 0) {
    response.setHeader('Allow', candidates.map(({ method }) => method).join(', '));
    send(response, 405, { error: `${String(request.method)} is not possible for ${path}` });
  } else {
    send(response, 404, {
      error: `nothing is at ${path}`,
      routes: table.map(({ method, path }) => `${method} ${path}`),
    });
  }
}

/**
 * Why a request is not answered: it is a web page's, which DNS rebinding or a form has sent here.
 *
 * @see https://developer.mozilla.org/en-US/docs/Web/Security/Attacks/DNS_rebinding
 */
function refuse({ headers }: IncomingMessage): string | undefined {
  const { host, origin } = headers;
  if (!HOST_NAMES.has((host ?? '').replace(/:\d+$/, '')))
    return `the host "${host ?? ''}" is not this machine's loopback`;
  if (origin !== undefined && origin !== `http://${host ?? ''}`) return `the origin "${origin}" is not this server's`;
  return undefined;
}

async function perform(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const result = await route.perform(await readJson(request));
    send(response, result === undefined ? 204 : 200, result);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send(response, error instanceof UserError ? 400 : 500, { error: message });
  }
}

const MAX_BODY = 1024 * 1024;

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_BODY) throw new UserError(`the body must have ${MAX_BODY} bytes at most`);
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString();
  if (text === '') return {};
  try {
    return record(JSON.parse(text));
  } catch {
    throw new UserError(`the body must be a JSON object; received ${text.slice(0, 100)}`);
  }
}

function send(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  });
  response.end(body === undefined ? undefined : `${JSON.stringify(body, undefined, 2)}\n`);
}
