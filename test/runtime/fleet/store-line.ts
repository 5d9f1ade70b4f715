import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to a piece of what a replica sends before it goes on to the store. */
export type Tap = (piece: Buffer, pass: (piece: Buffer) => boolean) => Promise<void> | void;

/** One replica's line to a store, which can be cut, or slowed down below what HTTP knows of. */
export class StoreLine {
  static async start(endpoint: string): Promise<StoreLine> {
    const { port } = new URL(endpoint);
    const line = new StoreLine(Number(port));
    line.port = await line.listen(0);
    return line;
  }

  /** Sees what the replica sends; without one everything goes on as it comes. */
  tap: Tap | undefined;
  private server: Server | undefined;
  private port = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly storePort: number) {}

  /** For `AWS_ENDPOINT_URL_S3` and the like. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on connections are refused, and those that are open are cut. */
  async refuse(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async accept(): Promise<void> {
    if (this.server === undefined) await this.listen(this.port);
  }

  private async listen(port: number): Promise<number> {
    this.server = createServer((replica) => {
      this.connect(replica);
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  private connect(replica: Socket): void {
    const store = connect(this.storePort, '127.0.0.1');
    const both = [replica, store];
    for (const socket of both) {
      this.sockets.add(socket);
      // Whichever side goes takes the other with it, at once, as when a process is killed.
      socket
        .on('error', () => undefined)
        .on('close', () => {
          this.sockets.delete(socket);
          for (const end of both) end.destroy();
        });
    }
    store.pipe(replica);
    void this.relay(replica, store);
  }

  private async relay(replica: Socket, store: Socket): Promise<void> {
    const pass = (piece: Buffer): boolean => !store.destroyed && store.write(piece);
    try {
      for await (const piece of replica as AsyncIterable<Buffer>) {
        if (this.tap === undefined) pass(piece);
        else await this.tap(piece, pass);
      }
    } catch {
      // Cut; `close` sees to the other side.
    }
  }
}
