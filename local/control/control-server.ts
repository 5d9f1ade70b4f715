import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { AssemblyError } from '../assembly/assembly-error';
import { record } from '../properties';
import { UserError } from '../user-error';
import { sendDashboardFile } from './dashboard-files';
import { LOOPBACK, refusalOf } from './guard';
import { LiveStream } from './live-stream';
import { NotFoundError } from './not-found-error';
import { type ControlledStack, type RequestAddress, type Route, routes } from './routes';

/** Answers questions about a running stack, and takes orders for it, as JSON over HTTP; and shows it to people at `/`. */
export class ControlServer {
  private readonly server = createServer();
  private live?: LiveStream;

  /** Begins to answer for a stack. @param port 0 takes a free one */
  async listen(stack: ControlledStack, port: number): Promise<void> {
    const live = new LiveStream(stack);
    const table = routes(stack);
    this.live = live;
    this.server.on('request', (request, response) => void answer({ table, live }, request, response));
    this.server.listen(port, LOOPBACK);
    await once(this.server, 'listening');
  }

  /** For example `http://127.0.0.1:40123`. */
  get url(): string {
    return `http://${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.live?.close();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

interface Answerers {
  readonly table: readonly Route[];
  readonly live: LiveStream;
}

/** Where the events of {@link LiveStream} are. */
const STREAM_PATH = '/stream';

async function answer({ table, live }: Answerers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refusal = refusalOf(request);
  if (refusal !== undefined) {
    send(response, 403, { error: refusal });
    return;
  }
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'GET' && path === STREAM_PATH) {
    live.attach(response);
    return;
  }
  if (request.method === 'GET' && (await sendDashboardFile(path, response))) return;
  const candidates = table.filter((route) => parameterOf(route, path) !== undefined);
  const route = candidates.find(({ method }) => method === request.method);
  if (route !== undefined) {
    await perform(route, { query, parameter: parameterOf(route, path) ?? '' }, request, response);
  } else if (candidates.length > 0) {
    response.setHeader('Allow', candidates.map(({ method }) => method).join(', '));
    send(response, 405, { error: `${String(request.method)} is not possible for ${path}` });
  } else {
    send(response, 404, {
      error: `nothing is at ${path}`,
      routes: ['GET /', `GET ${STREAM_PATH}`, ...table.map(({ method, path }) => `${method} ${path}`)],
    });
  }
}

/** What stands for the `:id` of the route's path, empty where it has none; undefined when the path is another's. */
function parameterOf({ path: pattern }: Route, path: string): string | undefined {
  if (!pattern.endsWith('/:id')) return path === pattern ? '' : undefined;
  const prefix = pattern.slice(0, -':id'.length);
  if (!path.startsWith(prefix) || path.length === prefix.length) return undefined;
  try {
    return decodeURIComponent(path.slice(prefix.length));
  } catch {
    return undefined;
  }
}

async function perform(
  route: Route,
  address: RequestAddress,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const result = await route.perform(await readJson(request), address);
    send(response, result === undefined ? 204 : 200, result);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send(response, statusOf(error), { error: message });
  }
}

function statusOf(error: unknown): number {
  if (error instanceof NotFoundError) return 404;
  return error instanceof UserError || error instanceof AssemblyError ? 400 : 500;
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
