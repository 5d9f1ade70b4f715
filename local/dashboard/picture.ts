import { duration, size } from '../trace/text';
import { element } from './dom';
import type { Live } from './live';

type Rows = readonly (readonly [name: string, value: string | number])[];

interface Card {
  readonly title: string;
  /** A word on how it is. */
  readonly state?: { readonly text: string; readonly tone: 'hit' | 'old' | 'failure' };
  readonly rows: Rows;
}

/** Draws the stack from left to right, as requests go, with what was counted in each part. */
export function drawPicture(list: HTMLOListElement, live: Live): void {
  const columns = [edgeCards(live), balancerCards(live), replicaCards(live), storeCards(live)];
  list.replaceChildren(
    ...columns.filter(({ length }) => length > 0).map((cards) => element('li', {}, ...cards.map(draw))),
  );
}

function draw({ title, state, rows }: Card): HTMLElement {
  const heading = element('h3', {}, `${title} `);
  if (state) heading.append(element('span', { class: `state ${state.tone}` }, state.text));
  const facts = rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, String(value))]);
  return element('div', { class: 'card' }, heading, element('dl', {}, ...facts));
}

function edgeCards({ metrics: { edge } }: Live): Card[] {
  if (edge === undefined) return [];
  const { requests, cached } = edge;
  const all = Object.values(requests).reduce((sum, count) => sum + count, 0);
  return [
    {
      title: 'Edge',
      rows: [
        ['requests', all],
        ['hits', requests.Hit ?? 0],
        ['misses', requests.Miss ?? 0],
        ['errors', requests.Error ?? 0],
        ['objects', cached.objects],
        ['cache', size(cached.bytes)],
      ],
    },
  ];
}

function balancerCards({ state: { balancers } }: Live): Card[] {
  return balancers.map(({ targetGroups }) => {
    const targets = Object.values(targetGroups).flat();
    const healthy = targets.filter(({ state }) => state === 'healthy').length;
    return {
      title: 'Balancer',
      rows: [
        ['targets', targets.length],
        ['healthy', healthy],
      ],
    };
  });
}

function replicaCards({ state, metrics }: Live): Card[] {
  return state.replicas.map((replica) => {
    const { id, restarts, frozen, skew, memory } = replica;
    const counters = metrics.tasks[id] ?? {};
    const count = (name: string): number => counters[name] ?? 0;
    const troubles = [
      ...(frozen ? ['frozen'] : []),
      ...(state.partitioned.includes(id) ? ['partitioned'] : []),
      ...(skew === 0 ? [] : [`clock ${skew > 0 ? '+' : '−'}${duration(Math.abs(skew))}`]),
    ];
    const isWell = troubles.length === 0 && replica.state === 'healthy';
    const text = [replica.state, ...troubles].join(', ');
    return {
      title: id,
      state: { text, tone: isWell ? 'hit' : replica.state === 'healthy' ? 'old' : 'failure' },
      rows: [
        ['hits memory · build · S3', ['memory', 'build', 'store'].map((layer) => count(`hit.${layer}`)).join(' · ')],
        ['misses · expired', `${count('miss')} · ${count('expired')}`],
        ['stale · regenerated', `${count('stale')} · ${count('regeneration')}`],
        ['view of the tags', counters['mirror.age'] === undefined ? '–' : `${duration(count('mirror.age'))} old`],
        ['memory', memory?.used === undefined ? '–' : size(memory.used)],
        ['restarts', restarts],
      ],
    };
  });
}

function storeCards({ state, metrics }: Live): Card[] {
  const objects = Object.values(state.stores.s3.buckets).reduce((sum, bucket) => sum + bucket.objects, 0);
  const { calls, tags, purges } = metrics;
  return [
    { title: 'S3', rows: [['objects', objects], ...callRows(calls.s3)] },
    { title: 'DynamoDB', rows: [['tags revalidated', tags], ...callRows(calls.dynamodb)] },
    {
      title: 'Purge',
      rows: [
        ['invalidations', purges.invalidations],
        ['on their way', purges.inProgress],
        ['objects gone', purges.objects],
      ],
    },
  ];
}

/** The operations that are asked for most. */
function callRows(operations: Readonly<Record<string, number>> = {}): Rows {
  return Object.entries(operations)
    .sort(([, one], [, other]) => other - one)
    .slice(0, 4);
}
