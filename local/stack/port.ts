import { createServer } from 'node:net';

import { UserError } from '../user-error';

/** `localhost` may mean either: https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
const LOOPBACKS = ['127.0.0.1', '::1'];

/** Refuses a port that another process listens on. @param option what the user chose it with */
export async function assertPortFree(port: number, option: string): Promise<void> {
  if (port === 0) return;
  for (const host of LOOPBACKS) {
    const problem = await tryListen(host, port);
    if (problem === 'EADDRINUSE') {
      throw new UserError(
        `cdk-nextjs-ecs local: port ${port} is in use. Stop what listens there, or choose another port with ${option} (0 takes a free one).`,
      );
    }
    if (problem === 'EACCES') {
      throw new UserError(`cdk-nextjs-ecs local: port ${port} needs privileges. Choose one from 1024 with ${option}.`);
    }
  }
}

/** The code of the error; a machine without IPv6 has `EADDRNOTAVAIL`, which is no problem. */
function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
