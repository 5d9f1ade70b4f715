import { createColors } from 'picocolors';

import { duration, type RequestTrace, size, type Step } from '../trace';

export interface DescribeWayOptions {
  readonly isColored: boolean;
}

/** A request's way for people: a part's name where it begins, a line each step, the time it took at its end. */
export function describeWay({ way, ...request }: RequestTrace, { isColored }: DescribeWayOptions): string {
  const colors = createColors(isColored);
  const { method, url, status, milliseconds, bytes } = request;
  const took = [duration(milliseconds), ...(bytes === undefined ? [] : [size(bytes)])].join(', ');
  const title = colors.bold(`${method} ${url}  ${status === 0 ? 'no answer' : status}`);
  const width = Math.max(...way.map((step) => nameOf(step).length)) + 2;
  let part = '';
  const lines = way.map((step) => {
    const name = nameOf(step);
    const shown = name === part ? '' : name;
    part = name;
    const time = step.milliseconds === undefined ? '' : `  ${colors.dim(duration(step.milliseconds))}`;
    return `${colors.dim(shown.padEnd(width))}${colorOf(step, colors)(step.text)}${time}`;
  });
  return `${title}  ${colors.dim(took)}\n\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
}

function nameOf({ where, isBehind }: Step): string {
  return isBehind ? `behind, ${where}` : where;
}

function colorOf({ tone }: Step, colors: ReturnType<typeof createColors>): (text: string) => string {
  switch (tone) {
    case 'hit':
      return colors.green;
    case 'old':
      return colors.yellow;
    case 'miss':
      return colors.blue;
    case 'failure':
      return colors.red;
    case undefined:
      return (text) => text;
  }
}
