import { element, find } from './dom';
import type { Live } from './live';
import type { Perform } from './orders';

const SKEW = 5 * 60_000;

type ReplicaState = Live['state']['replicas'][number];

/** What can be done to each replica. */
export class ReplicaList {
  private readonly list = find('replicas', HTMLUListElement);
  private shown = '';

  constructor(private readonly perform: Perform) {}

  /** Drawn anew only where something has changed: a button that has the focus keeps it meanwhile. */
  update({ state }: Live): void {
    const facts = state.replicas.map(({ id, frozen, skew }) => [id, frozen, skew, state.partitioned.includes(id)]);
    const text = JSON.stringify(facts);
    if (text === this.shown) return;
    this.shown = text;
    const focused = document.activeElement?.getAttribute('aria-label');
    this.list.replaceChildren(
      ...state.replicas.map((replica) => this.item(replica, state.partitioned.includes(replica.id))),
    );
    if (focused) this.list.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  }

  private item({ id: replica, frozen, skew }: ReplicaState, isPartitioned: boolean): HTMLElement {
    const buttons = [
      this.button('Kill', replica, '/kill', { replica }),
      this.button('Stop', replica, '/kill', { replica, signal: 'SIGTERM' }),
      frozen
        ? this.button('Resume', replica, '/resume', { replica })
        : this.button('Freeze', replica, '/freeze', { replica }),
      skew === 0
        ? this.button('Skew clock', replica, '/skew', { replica, milliseconds: SKEW })
        : this.button('Set clock', replica, '/skew', { replica, milliseconds: 0 }),
      this.button(isPartitioned ? 'Rejoin' : 'Partition', replica, '/partition', {
        replica,
        partitioned: !isPartitioned,
      }),
    ];
    return element(
      'li',
      { class: 'card' },
      element('strong', {}, replica),
      element('div', { class: 'buttons' }, ...buttons),
    );
  }

  private button(text: string, replica: string, path: string, body: unknown): HTMLButtonElement {
    const button = element('button', { type: 'button', 'aria-label': `${text} ${replica}` }, text);
    button.addEventListener('click', () => void this.perform(`${text} ${replica}`, path, body, button));
    return button;
  }
}
