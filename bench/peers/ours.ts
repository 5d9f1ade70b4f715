import path from 'node:path';

import { Health } from '../../contract';
import type { Launch } from '../harness/server';
import type { Ground } from '../harness/lab';
import type { Peer } from './peer';

export const ours: Peer = {
  name: 'ours',
  title: 'cdk-nextjs-ecs',
  launch: (ground, name) => Promise.resolve(launchOurs(ground, name)),
};

/** The packed app, as its container would run it. */
function launchOurs({ app, stores }: Ground, name: string): Launch {
  const { root, facts } = app.packed;
  return {
    directory: path.join(root, facts.server.directory),
    command: facts.server.command,
    environment: stores.environment(name),
    health: Health.PATH,
  };
}

/** Our preload and response policy over Next's own handler: what the way of a request costs without the cache. */
export const policyAlone: Peer = {
  name: 'policy',
  title: 'preload and policy over Next’s own',
  launch: (ground, name) => {
    const launch = launchOurs(ground, name);
    const [first = '', preload = '', ...rest] = launch.command;
    const without = path.join(import.meta.dirname, 'without-handlers.mjs');
    return Promise.resolve({ ...launch, command: [first, preload, '--import', without, ...rest] });
  },
};
