import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

const BYTES = 60 * 1024;
const DIGEST_LENGTH = 64;

/** An origin whose data is large, does not compress, and says itself whether it is whole and whose it is. */
export class BigOrigin {
  static async start(): Promise<BigOrigin> {
    const server = createServer((request, response) => {
      const key = (request.url ?? '/').split('/').at(-1) ?? '';
      response.end(sealed(key));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BigOrigin(server);
  }

  private constructor(private readonly server: Server) {}

  /** For the environment variable FIXTURE_ORIGIN. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string')
      throw new Error('test/runtime/fleet: the origin does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** Whether a text is one that the origin has made for that key, from its first byte to its last. */
export function isWhole(text: string, key: string): boolean {
  const content = text.slice(0, -DIGEST_LENGTH);
  return content.startsWith(`${key}.`) && digestOf(content) === text.slice(-DIGEST_LENGTH);
}

function sealed(key: string): string {
  const content = `${key}.${randomBytes(BYTES).toString('base64url')}`;
  return `${content}${digestOf(content)}`;
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
