import { type Server, get } from 'node:http';

/** Next's own router answers it with a redirect, before any proxy (middleware), page or rewrite of the app. */
const PROBED_PATH = '//x';
const RETRY_AFTER = 100;

/** Resolves once Next answers on the server's own port: until its handlers are loaded it lets requests wait. */
export async function untilNextAnswers(server: Server): Promise<void> {
  while (server.listening) {
    if (await answers(server)) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
  }
}

function answers(server: Server): Promise<boolean> {
  const address = server.address();
  if (address === null) return Promise.resolve(false);
  const target =
    typeof address === 'string' ? { socketPath: address } : { host: reachable(address.address), port: address.port };
  return new Promise((resolve) => {
    const request = get({ ...target, path: PROBED_PATH, agent: false }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 500);
    });
    request.on('error', () => {
      resolve(false);
    });
  });
}

/** A server that listens on every address is asked on loopback. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
