import type { RequestTrace } from '../trace';
import { duration } from '../trace/text';
import { element } from './dom';

/** A request's way, part by part; a part's name stands where it begins. */
export function drawWay({ way }: RequestTrace): HTMLElement {
  let part = '';
  const steps = way.map(({ where, text, tone, milliseconds, isBehind }) => {
    const name = isBehind ? `behind, ${where}` : where;
    const shown = name === part ? '' : name;
    part = name;
    return element(
      'li',
      { class: [tone, isBehind && 'behind'].filter(Boolean).join(' ') },
      element('span', { class: 'where' }, shown),
      element('span', {}, text),
      element('span', { class: 'number' }, milliseconds === undefined ? '' : duration(milliseconds)),
    );
  });
  return element('ol', { class: 'way', 'aria-label': 'Way of the request' }, ...steps);
}
