import type { ClientRequest } from 'node:http';

/** Calls back when a request has no connection within so many seconds; one that is used again is there at once. */
export function limitConnecting(outgoing: ClientRequest, seconds: number, expire: () => void): void {
  outgoing.on('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(expire, seconds * 1000);
    const stop = (): void => {
      clearTimeout(timer);
    };
    socket.once('connect', stop);
    socket.once('close', stop);
  });
}
