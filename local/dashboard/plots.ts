import type { Metrics } from '../stack';
import type { TrafficSecond } from '../trace';
import { duration } from '../trace/text';
import { find, setText, svgElement } from './dom';

const SECONDS = 300;
const WIDTH = 600;
const HEIGHT = 120;
const PADDING = 6;

interface Point {
  readonly x: number;
  /** From 0 at the bottom to 1. */
  readonly y: number;
}

/** Plots hit ratio and latency of the last five minutes. Seconds without a request leave no point. */
export function drawPlots({ time, traffic }: Pick<Metrics, 'time' | 'traffic'>): void {
  const at = ({ time: moment }: TrafficSecond): number => WIDTH * (1 - (time - moment) / 1000 / SECONDS);
  drawHitRatio(traffic, at);
  drawLatency(traffic, at);
}

type Place = (second: TrafficSecond) => number;

function drawHitRatio(traffic: readonly TrafficSecond[], at: Place): void {
  const requests = sum(traffic.map((second) => second.requests));
  const text =
    requests === 0 ? 'no requests' : `${Math.round((100 * sum(traffic.map(({ hits }) => hits))) / requests)} %`;
  const points = traffic.map((second) => ({ x: at(second), y: second.hits / second.requests }));
  setText(find('hit-ratio', HTMLOutputElement), text);
  draw('hit-ratio-plot', `Hit ratio of the edge over five minutes: ${text} of ${requests} requests`, [points]);
}

function drawLatency(traffic: readonly TrafficSecond[], at: Place): void {
  const measured = traffic.filter(({ median }) => median !== undefined);
  const most = Math.max(1, ...measured.map(({ percentile95 = 0 }) => percentile95));
  const line = (read: (second: TrafficSecond) => number | undefined): Point[] =>
    measured.map((second) => ({ x: at(second), y: (read(second) ?? 0) / most }));
  const last = measured.at(-1);
  const text =
    last === undefined
      ? 'no requests'
      : `median ${duration(last.median ?? 0)}, 95 % within ${duration(last.percentile95 ?? 0)} (most ${duration(most)})`;
  setText(find('latency', HTMLOutputElement), text);
  draw('latency-plot', `Time to the first byte over five minutes: ${text}`, [
    line(({ median }) => median),
    line(({ percentile95 }) => percentile95),
  ]);
}

function draw(id: string, label: string, lines: readonly (readonly Point[])[]): void {
  const plot = find(id, SVGSVGElement);
  plot.setAttribute('aria-label', label);
  const grid = [0, 0.5, 1].map((share) => {
    const y = place(share);
    return svgElement('line', { class: 'plot-grid', x1: 0, x2: WIDTH, y1: y, y2: y });
  });
  const paths = lines.map((points, index) =>
    svgElement('path', { class: index === 0 ? 'plot-line' : 'plot-line second', d: pathOf(points) }),
  );
  plot.replaceChildren(...grid, ...paths);
}

/** A single second is a short line, or it could not be seen. */
function pathOf(points: readonly Point[]): string {
  const [only] = points;
  const shown = points.length === 1 && only ? [{ ...only, x: only.x - 4 }, only] : points;
  return shown.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${place(y).toFixed(1)}`).join('');
}

function place(y: number): number {
  return HEIGHT - PADDING - y * (HEIGHT - 2 * PADDING);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
