import type { IncomingMessage, ServerResponse } from 'node:http';

import { LoopbackServer } from '../../../local/stores';

/** An event on its way to a function. */
export interface Handover {
  readonly requestId: string;
  readonly event: unknown;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly functionArn: string;
}

/** What a function's process says of an event. */
export interface Verdict {
  readonly kind: 'response' | 'error';
  readonly body: unknown;
}

/** Lambda's Runtime API for one process: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export class RuntimeApi {
  static async start(onIdle: () => void): Promise<RuntimeApi> {
    const waiting = new Exchange(onIdle);
    const server = await LoopbackServer.start((request, response) => waiting.handle(request, response));
    return new RuntimeApi(server, waiting);
  }

  private constructor(
    private readonly server: LoopbackServer,
    private readonly exchange: Exchange,
  ) {}

  /** For `AWS_LAMBDA_RUNTIME_API`. */
  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  /** Hands an event over as soon as the process asks for one, and waits for what it makes of it. */
  handOver(handover: Handover): Promise<Verdict> {
    return this.exchange.handOver(handover);
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

const PATH =
  /^\/2018-06-01\/runtime\/(?:invocation\/(?:(?<next>next)|(?<id>[^/]+)\/(?<kind>response|error))|init\/error)$/;

class Exchange {
  private asking: ServerResponse | undefined;
  private handover: Handover | undefined;
  private settle: ((verdict: Verdict) => void) | undefined;

  constructor(private readonly onIdle: () => void) {}

  handOver(handover: Handover): Promise<Verdict> {
    const verdict = new Promise<Verdict>((resolve) => {
      this.settle = resolve;
    });
    this.handover = handover;
    this.deliver();
    return verdict;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const groups = PATH.exec(request.url ?? '')?.groups;
    if (groups === undefined) {
      response.writeHead(404).end();
    } else if (groups.next !== undefined) {
      this.asking = response;
      this.deliver();
      this.rest();
    } else {
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
      this.settle?.({
        kind: groups.kind === 'response' ? 'response' : 'error',
        body: JSON.parse(Buffer.concat(pieces).toString() || 'null'),
      });
      this.settle = undefined;
      this.rest();
    }
  }

  /** The process may ask for the next event before its answer to the last one has arrived. */
  private rest(): void {
    if (this.asking !== undefined && this.settle === undefined) this.onIdle();
  }

  private deliver(): void {
    const { asking, handover } = this;
    if (asking === undefined || handover === undefined) return;
    this.asking = undefined;
    this.handover = undefined;
    asking
      .writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': handover.requestId,
        'lambda-runtime-deadline-ms': String(handover.deadline),
        'lambda-runtime-invoked-function-arn': handover.functionArn,
        'lambda-runtime-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0',
      })
      .end(JSON.stringify(handover.event));
  }
}
