import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Duplex, Transform, type TransformCallback } from 'node:stream';

import type { Harm } from './active-fault';
import { corrupted } from './corruption';
import type { Address } from './faulty-origins';
import type { Faults } from './faults';

/** A proxy before one origin that lets each request meet the faults of origins. */
export class OriginLine {
  static async start(origin: Address, faults: Faults): Promise<OriginLine> {
    const line = new OriginLine(origin, faults);
    line.server.listen(0, '127.0.0.1');
    await once(line.server, 'listening');
    return line;
  }

  private readonly server = createServer({ requestTimeout: 0, keepAliveTimeout: 120_000 });
  private readonly agent = new Agent({ keepAlive: true });
  private readonly tunnels = new Set<Duplex>();

  private constructor(
    private readonly origin: Address,
    private readonly faults: Faults,
  ) {
    this.server.on('request', (incoming, outgoing) => void this.answer(incoming, outgoing));
    this.server.on('upgrade', (incoming, socket, head) => void this.upgrade(incoming, socket, head));
  }

  get address(): Address {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port };
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    for (const tunnel of this.tunnels) tunnel.destroy();
    this.agent.destroy();
    await once(this.server, 'close');
  }

  private async answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const harm = await this.meet(outgoing);
    if (harm === 'refuse') outgoing.destroy();
    else if (harm === 'throttle') outgoing.writeHead(503, { 'Retry-After': '1' }).end('Too many requests');
    else this.forward(incoming, outgoing, harm);
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse, harm: 'corrupt' | undefined): void {
    const { method, url, rawHeaders } = incoming;
    const onward = request({ ...this.origin, method, path: url, headers: rawHeaders, agent: this.agent });
    outgoing.on('close', () => onward.destroy());
    onward.on('error', () => outgoing.destroy());
    onward.on('response', (response) => {
      // An answer that breaks off must break off here too.
      response.on('error', () => outgoing.destroy());
      outgoing.writeHead(response.statusCode ?? 502, response.statusMessage, response.rawHeaders);
      outgoing.flushHeaders();
      (harm === 'corrupt' ? response.pipe(new Corruption()) : response).pipe(outgoing);
    });
    incoming.pipe(onward);
  }

  /** WebSockets meet the faults at their handshake. */
  private async upgrade({ method, url, rawHeaders }: IncomingMessage, viewer: Duplex, head: Buffer): Promise<void> {
    this.tunnels.add(viewer);
    viewer.on('error', () => viewer.destroy());
    if ((await this.meet(viewer)) !== undefined) {
      viewer.destroy();
      return;
    }
    const onward = connect(this.origin);
    const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/1.1`];
    for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i] ?? ''}: ${rawHeaders[i + 1] ?? ''}`);
    onward.write(`${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.on('error', () => viewer.destroy());
    viewer.on('close', () => {
      this.tunnels.delete(viewer);
      onward.destroy();
    });
    onward.on('close', () => viewer.destroy());
    viewer.pipe(onward).pipe(viewer);
  }

  private async meet(caller: ServerResponse | Duplex): Promise<Harm | undefined> {
    const gone = new AbortController();
    const leave = (): void => {
      gone.abort();
    };
    caller.once('close', leave);
    try {
      return await this.faults.meet({ target: 'origin' }, gone.signal);
    } finally {
      caller.off('close', leave);
    }
  }
}

/** Makes one byte of a stream wrong, early enough for a stream without an end. */
class Corruption extends Transform {
  private isDone = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, pass: TransformCallback): void {
    pass(null, this.isDone ? chunk : corrupted(chunk));
    this.isDone = true;
  }
}
