import type { Peer } from '../peers/peer';
import type { BenchApp } from './app';
import { Origin } from './origin';
import { ownNode, type NodeRuntime } from './machine';
import type { Scope } from './scope';
import { BenchServer } from './server';
import { Stores } from './stores';
import { Viewers } from './viewers';

/** What a benchmark works with. */
export interface Lab {
  /** Whether a rough answer is wanted, soon. */
  readonly quick: boolean;
  readonly node: NodeRuntime;
  readonly app: () => Promise<BenchApp>;
  readonly scope: Scope;
  /** Says how far it is. */
  readonly say: (message: string) => void;
}

/** The reference, and the one beside it where that is another. */
export function nodesOf(lab: Lab): readonly NodeRuntime[] {
  const own = ownNode();
  return own.version === lab.node.version ? [lab.node] : [lab.node, own];
}

/** Stores and origin, which all contenders share. */
export class Ground {
  static async prepare(lab: Lab): Promise<Ground> {
    const [app, stores, origin] = [await lab.app(), await Stores.start(), await Origin.start()];
    const viewers = new Viewers();
    lab.scope.defer(async () => {
      await Promise.all([stores.close(), origin.close(), viewers.close()]);
    });
    return new Ground(lab, app, stores, origin, viewers);
  }

  private started = 0;

  private constructor(
    readonly lab: Lab,
    readonly app: BenchApp,
    readonly stores: Stores,
    readonly origin: Origin,
    readonly viewers: Viewers,
  ) {}

  /** Starts one replica of a peer, ready to be asked. */
  async start(
    peer: Peer,
    { node = this.lab.node, environment = {}, scope = this.lab.scope }: StartOptions = {},
  ): Promise<Contender> {
    this.started += 1;
    const name = `${peer.name}-${this.started}`;
    const launch = await peer.launch(this, name, scope);
    const server = await BenchServer.start(
      { ...launch, environment: { BENCH_ORIGIN: this.origin.url, ...launch.environment, ...environment } },
      node,
      scope,
    );
    return { peer, name, server };
  }
}

export interface StartOptions {
  readonly node?: NodeRuntime;
  /** Beyond the peer's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** With which it ends. @default the benchmark's */
  readonly scope?: Scope;
}

/** A running replica of a peer. */
export interface Contender {
  readonly peer: Peer;
  /** By which it signs its calls of AWS. */
  readonly name: string;
  readonly server: BenchServer;
}
