import { nextStart } from './next-start';
import type { Peer } from './peer';

/** The limit: one process for itself, with its own memory and disk, that shares nothing. */
export const builtIn: Peer = {
  name: 'built-in',
  title: "Next's own",
  launch: (ground, _name, scope) => Promise.resolve(nextStart(ground, scope, {})),
};
