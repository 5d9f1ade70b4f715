import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import { Stores } from '../server/stores';
import type { Answered } from '../with-server';
import { ADDED_HEADERS, DIFFERENCES } from './differences';
import { Fleet } from './fleet';
import { PlainNext } from './plain-next';
import { type FindIds, Renderings } from './renderings';
import { type Shape, shapeOf } from './shape';
import type { Side } from './side';
import type { Step } from './step';

/** A script for an app, and what in the app's bodies is never the same twice. */
export interface Session {
  /** Builds the app where that is needed. Fulfilled with its folder. */
  readonly prepare: () => Promise<string>;
  /** Seconds after which all that the build prerendered has passed its period, where it has one. */
  readonly longestPeriod: number;
  /** Variables of one side's servers, given the folder in which it keeps its data. */
  readonly environment?: (scratch: string) => Readonly<Record<string, string>>;
  readonly findIds: FindIds;
  readonly settle?: (body: string) => string;
  readonly steps: readonly Step[];
}

const SIDES = ['plain', 'fleet'] as const;

/** Runs a script against plain Next and a fleet, a test for each step. Call it inside of a `describe`. */
export function runSession(session: Session): void {
  let plain: Compared;
  let fleet: Compared;
  let scratch: readonly string[] = [];
  let close = async (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    const directory = await session.prepare();
    scratch = await Promise.all(SIDES.map((side) => mkdtemp(path.join(tmpdir(), `oracle-${side}-`))));
    const [ofPlain, ofFleet] = scratch.map((folder) => session.environment?.(folder) ?? {});
    const [app, stores, server] = await Promise.all([
      PackedApp.packBuilt(directory),
      Stores.start(),
      PlainNext.start(directory, ofPlain ?? {}),
    ]);
    const replicas = await Fleet.start(app, stores, ofFleet ?? {});
    const prerendered = await server.prerendered();
    plain = new Compared(server, session, new Renderings(prerendered));
    fleet = new Compared(replicas, session, new Renderings(prerendered));
    close = async () => {
      await Promise.all([server.kill(), replicas.kill()]);
      await Promise.all([app.remove(), stores.close()]);
      await Promise.all(scratch.map((folder) => rm(folder, { recursive: true, force: true })));
    };
    const { mtimeMs: built } = await stat(path.join(directory, '.next', 'BUILD_ID'));
    await until(() => Date.now() > built + session.longestPeriod * 1000);
  });

  afterAll(async () => {
    await close();
  });

  const added = new Set<string>();

  it.each(session.steps.map((step, position) => [position + 1, step.title, step] as const))(
    '%i. %s',
    async (_, __, step) => {
      await step.before?.(scratch);
      const expected = expectation(await plain.answer(step), step);
      const actual = await fleet.answer(step);
      const { headers, additions } = withoutAdditions(actual, expected);
      for (const header of additions) added.add(header);
      expect({ ...actual, headers }).toEqual(expected);
    },
  );

  it('has seen every header that only the fleet sends', () => {
    expect([...added].sort()).toEqual(Object.keys(ADDED_HEADERS).sort());
  });
}

/** One side, with the names of what it has rendered. */
class Compared {
  constructor(
    private readonly side: Side,
    private readonly session: Session,
    private readonly renderings: Renderings,
  ) {}

  async answer(step: Step): Promise<Shape> {
    const answer: Answered = await step.ask(this.side);
    const { renderings, session } = this;
    return shapeOf(answer, { ...session, path: step.path, renderings });
  }
}

/** What the fleet has to answer: what plain Next did, but for the step's differences. Each of those must be one. */
function expectation(plain: Shape, step: Step): Shape {
  return step.differs.reduce((shape, name) => {
    const different = DIFFERENCES[name](shape);
    expect(different, `${name} is no difference here`).not.toEqual(shape);
    return different;
  }, plain);
}

function withoutAdditions(
  fleet: Shape,
  plain: Shape,
): { readonly headers: Readonly<Record<string, string>>; readonly additions: readonly string[] } {
  const additions = Object.keys(ADDED_HEADERS).filter((name) => name in fleet.headers && !(name in plain.headers));
  const kept = Object.entries(fleet.headers).filter(([name]) => !additions.includes(name));
  return { headers: Object.fromEntries(kept), additions };
}
