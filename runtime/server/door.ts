import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What happens at the server's door, before any of the app's code. */
export interface Doorkeeper {
  /** The server has begun to listen. */
  readonly listening: (server: Server) => void;
  /** Returns true when the request is answered and not for the app; so does {@link upgrade}. */
  readonly request: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly upgrade: (request: IncomingMessage, socket: Duplex) => boolean;
}

/**
 * Sets a doorkeeper before the first HTTP server that listens in this process, which is Next's: it listens before it loads any of the
 * app's code. Servers of the app's own, for metrics for example, are left alone.
 */
export function guardDoor(doorkeeper: Doorkeeper): void {
  const guarded = new WeakSet<Server>();
  let found = false;
  const emit = Reflect.get(http.Server.prototype, 'emit') as (
    this: Server,
    event: string,
    ...args: unknown[]
  ) => boolean;

  function guardedEmit(this: Server, event: string, ...args: unknown[]): boolean {
    if (event === 'listening' && !found) {
      found = true;
      guarded.add(this);
      doorkeeper.listening(this);
    } else if (guarded.has(this)) {
      if (event === 'request' && doorkeeper.request(args[0] as IncomingMessage, args[1] as ServerResponse)) return true;
      if (event === 'upgrade' && doorkeeper.upgrade(args[0] as IncomingMessage, args[1] as Duplex)) return true;
    }
    return Reflect.apply(emit, this, [event, ...args]);
  }
  Object.defineProperty(http.Server.prototype, 'emit', { value: guardedEmit, configurable: true, writable: true });
}
