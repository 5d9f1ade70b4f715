import type { Bench } from './bench';
import { boot } from './boot';
import { calls } from './calls';
import { codec } from './codec';
import { dollars } from './dollars';
import { edgeKeys } from './edge-keys';
import { fetches } from './fetches';
import { hot } from './hot';
import { policy } from './policy';
import { propagation } from './propagation';
import { renders } from './renders';
import { revalidate } from './revalidate';
import { synth } from './synth';
import { tail } from './tail';
import { traffic } from './traffic';

/** In the order of the table. */
export const BENCHES: readonly Bench[] = [
  hot,
  tail,
  policy,
  calls,
  boot,
  fetches,
  revalidate,
  propagation,
  renders,
  codec,
  traffic,
  edgeKeys,
  dollars,
  synth,
];
