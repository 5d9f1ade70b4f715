import { Ground, type Lab } from '../harness/lab';
import { measuredRow, type Row } from '../harness/result';
import { Scope } from '../harness/scope';
import { until, type BenchServer } from '../harness/server';
import { compare, summarize } from '../harness/statistics';
import { cdkNextjs, openNextLite, openNextNextMode, ours, type Peer } from '../peers';
import type { Bench } from './bench';

/** Milliseconds that each read of S3 takes. */
const LATENCY = 20;

interface Waited {
  /** Milliseconds that the answer on a cold replica took. */
  readonly cold: readonly number[];
  /** By how much that is longer than when everything is at hand, for a page over ten data, and over one. */
  readonly ten: readonly number[];
  readonly one: readonly number[];
  /** The most reads of S3 that were under way at once. */
  readonly atOnce: number;
}

/** What ten cached fetches cost a replica that has none of them in memory. */
export const fetches: Bench = {
  name: 'fetches',
  title: `A page over 10 cached fetches, on a cold replica, S3 ${LATENCY} ms away`,
  measure: async (lab) => {
    const rows: Row[] = [];
    const raw: Record<string, Waited> = {};
    for (const peer of lab.quick ? [ours] : [ours, cdkNextjs, openNextLite, openNextNextMode]) {
      lab.say(peer.title);
      const waited = await Scope.run((scope) => measure(lab, peer, scope));
      raw[peer.name] = waited;
      if (peer === ours) {
        const ratio = compare(waited.ten, waited.one);
        rows.push(measuredRow('time for 10 reads against one', 'ratio', ratio, { target: { most: 1.3 } }));
        rows.push(measuredRow('time for 10 reads', 'ms', summarize(waited.ten)));
        rows.push({ name: 'reads of S3 at once', value: waited.atOnce, unit: 'count', target: { least: 10 } });
      }
      rows.push(measuredRow(`answer on a cold replica, ${peer.title}`, 'ms', summarize(waited.cold)));
    }
    return { rows, raw };
  },
};

async function measure(lab: Lab, peer: Peer, scope: Scope): Promise<Waited> {
  const ground = await Ground.prepare({ ...lab, scope });
  const [writer, reader] = [await ground.start(peer), await ground.start(peer)];
  const write = async (count: number, key: string): Promise<void> => {
    const before = ground.stores.total(writer.name, /PutObject/);
    await writer.server.get(`/fetches/${count}/${key}`);
    await until('the data are written', () => {
      return ground.stores.total(writer.name, /PutObject/) - before >= count && ground.stores.s3.calls.running === 0;
    });
  };
  for (let time = 0; time < 20; time += 1) await reader.server.get('/fetches/1/warm-up');
  ground.stores.delays.set('GetObject', LATENCY);
  const [cold, ten, one]: [number[], number[], number[]] = [[], [], []];
  const rounds = lab.quick ? 20 : 25;
  for (let round = 0; round < rounds; round += 1) {
    await write(10, `key-${round}`);
    await write(1, `key-${round}`);
    const first = await reader.server.get(`/fetches/10/key-${round}`);
    cold.push(first.took);
    ten.push(first.took - (await atHand(reader.server, `/fetches/10/key-${round}`)));
    const single = await reader.server.get(`/fetches/1/key-${round}`);
    one.push(single.took - (await atHand(reader.server, `/fetches/1/key-${round}`)));
  }
  return { cold, ten, one, atOnce: ground.stores.mostAtOnce.get('GetObject') ?? 0 };
}

/** The quickest of some answers. */
async function atHand(server: BenchServer, path: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 5; time += 1) least = Math.min(least, (await server.get(path)).took);
  return least;
}
