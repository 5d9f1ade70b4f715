import type { Bars, Lines, Plot } from '../harness/result';
import { numberText } from './table';

const WIDTH = 760;
const COLORS = ['#1f6feb', '#8250df', '#bf8700', '#cf222e', '#1a7f37', '#57606a'];
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';

/** A plot as an SVG that stands for itself, on light and on dark pages. */
export function svgOf(plot: Plot): string {
  return plot.kind === 'bars' ? barsSvg(plot) : linesSvg(plot);
}

function frame(title: string, height: number, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}" ${FONT}>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="600" fill="#1f2328">${escaped(title)}</text>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function barsSvg({ title, unit, bars }: Bars): string {
  const [left, row, top] = [230, 30, 46];
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - left - 150;
  const rows = bars.map(({ name, value }, index) => {
    const y = top + index * row;
    const width = Math.max(1, (value / most) * room);
    return [
      `<text x="${left - 10}" y="${y + 18}" text-anchor="end" fill="#1f2328">${escaped(name)}</text>`,
      `<rect x="${left}" y="${y + 4}" width="${width.toFixed(1)}" height="20" rx="2" fill="${index === 0 ? COLORS[0] : '#8c959f'}"/>`,
      `<text x="${(left + width + 8).toFixed(1)}" y="${y + 18}" fill="#1f2328">${numberText(value)} ${escaped(unit)}</text>`,
    ].join('\n');
  });
  return frame(title, top + bars.length * row + 14, rows);
}

interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

function linesSvg({ title, x, y, logarithmic, lines }: Lines): string {
  const [left, top, right, bottom] = [76, 50, WIDTH - 190, 330];
  const points = lines.flatMap((line) => line.points);
  const horizontal = scale(
    points.map((point) => point[0]),
    left,
    right,
    logarithmic,
  );
  const vertical = scale(
    points.map((point) => point[1]),
    bottom,
    top,
    logarithmic,
  );
  const grid = [
    ...vertical.ticks.map((tick) => {
      const at = vertical(tick).toFixed(1);
      return `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#d1d9e0"/><text x="${left - 8}" y="${Number(at) + 4}" text-anchor="end" fill="#59636e">${numberText(tick)}</text>`;
    }),
    ...horizontal.ticks.map((tick) => {
      const at = horizontal(tick).toFixed(1);
      return `<text x="${at}" y="${bottom + 20}" text-anchor="middle" fill="#59636e">${numberText(tick)}</text>`;
    }),
    `<text x="${(left + right) / 2}" y="${bottom + 42}" text-anchor="middle" fill="#1f2328">${escaped(x)}</text>`,
    `<text x="${left}" y="${top - 8}" text-anchor="end" fill="#1f2328">${escaped(y)}</text>`,
  ];
  const drawn = lines.map(({ name, points: own }, index) => {
    const color = COLORS[index % COLORS.length] ?? '#000000';
    const path = own.map((point) => `${horizontal(point[0]).toFixed(1)},${vertical(point[1]).toFixed(1)}`);
    const labelAt = top + 14 + index * 22;
    return [
      `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...(own.length > 12
        ? []
        : path.map((at) => `<circle cx="${at.split(',')[0]}" cy="${at.split(',')[1]}" r="3" fill="${color}"/>`)),
      `<line x1="${right + 12}" x2="${right + 32}" y1="${labelAt - 4}" y2="${labelAt - 4}" stroke="${color}" stroke-width="3"/>`,
      `<text x="${right + 38}" y="${labelAt}" fill="#1f2328">${escaped(name)}</text>`,
    ].join('\n');
  });
  return frame(title, bottom + 60, [...grid, ...drawn]);
}

/** From values to places between two ends, with round values to name. */
function scale(values: readonly number[], start: number, end: number, logarithmic: boolean): Scale {
  const most = Math.max(...values);
  if (!logarithmic) {
    const step = 10 ** Math.floor(Math.log10(most / 2));
    const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
    const sparse = ticks.filter((_, index) => index % Math.ceil(ticks.length / 6) === 0);
    return Object.assign((value: number) => start + (value / most) * (end - start), { ticks: sparse });
  }
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(most))];
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const place = (value: number): number =>
    start + ((Math.log10(value) - low) / Math.max(1, high - low)) * (end - start);
  return Object.assign(place, { ticks });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
