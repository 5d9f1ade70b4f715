import type { Faults } from './faults';
import { OriginLine } from './origin-line';

/** Where a server listens on this machine. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Detours on the way from the edge to its origins, which are taken only while something is wrong with these. */
export class FaultyOrigins {
  static async start(addresses: readonly Address[], faults: Faults): Promise<FaultyOrigins> {
    const lines = await Promise.all(
      addresses.map(async (address) => [keyOf(address), await OriginLine.start(address, faults)] as const),
    );
    return new FaultyOrigins(new Map(lines), faults);
  }

  private constructor(
    private readonly lines: ReadonlyMap<string, OriginLine>,
    private readonly faults: Faults,
  ) {}

  /** Where to go instead of an address; while nothing is wrong, the address itself. */
  detour(address: Address): Address {
    if (!this.faults.concern('origin')) return address;
    return this.lines.get(keyOf(address))?.address ?? address;
  }

  async close(): Promise<void> {
    await Promise.all([...this.lines.values()].map((line) => line.close()));
  }
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
