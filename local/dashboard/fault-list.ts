import { element, find } from './dom';
import type { Live } from './live';
import type { Perform } from './orders';

/** The faults that are on, each with its end. */
export class FaultList {
  private readonly list = find('faults', HTMLUListElement);
  private shown = '';

  constructor(private readonly perform: Perform) {}

  update({ state: { faults } }: Live): void {
    const text = JSON.stringify(faults);
    if (text === this.shown) return;
    this.shown = text;
    this.list.replaceChildren(
      ...faults.map(({ id, target, kind, rate = 1, met }) => {
        const share = rate === 1 ? '' : ` for ${Math.round(rate * 100)} of 100 calls`;
        const end = element('button', { type: 'button', 'aria-label': `End ${kind} of ${target}` }, 'End');
        end.addEventListener(
          'click',
          () => void this.perform(`End ${kind} of ${target}`, '/faults', { id }, end, 'DELETE'),
        );
        return element('li', { class: 'card' }, `${target}: ${kind}${share}, met ${met} times `, end);
      }),
    );
  }
}
