import type { RequestTrace } from '../trace';
import { ask, order } from './control';
import { element, find, setText } from './dom';
import type { RequestTable } from './request-table';

/** Gives an order, with its button disabled meanwhile, and says what became of it. */
export type Perform = (
  name: string,
  path: string,
  body: unknown,
  button: HTMLButtonElement | undefined,
  method?: 'POST' | 'DELETE',
) => Promise<unknown>;

export const perform: Perform = async (name, path, body, button, method) => {
  const outcome = find('outcome', HTMLParagraphElement);
  setText(outcome, `${name} …`);
  outcome.className = '';
  if (button) button.disabled = true;
  try {
    const answer = await order(path, body, method);
    setText(outcome, `${name}: done${detailOf(answer)}`);
    return answer;
  } catch (error) {
    outcome.className = 'failure';
    setText(outcome, `${name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    if (button) {
      button.disabled = false;
      // A disabled button loses the focus.
      if (document.activeElement === document.body) button.focus();
    }
  }
};

/** The forms of the page, and what each of them orders. */
export function connectForms(table: RequestTable): void {
  onSubmit('explain', async (values, button) => {
    const trace = await perform(
      `Request of ${text(values, 'path')}`,
      '/explain',
      { path: text(values, 'path') },
      button,
    );
    if (trace !== undefined) await table.open(trace as RequestTrace);
  });
  onSubmit('revalidate', async (values, button) => {
    const subject = text(values, 'subject');
    const what = subject.startsWith('/') ? { paths: [subject] } : { tags: [subject] };
    await perform(`Revalidate ${subject}`, '/revalidate', { ...what, stale: values.has('stale') }, button);
  });
  onSubmit('scale', async (values, button) => {
    const replicas = Number(text(values, 'replicas'));
    await perform(`Scale to ${replicas}`, '/scale', { replicas }, button);
  });
  onSubmit('deploy', async (values, button) => {
    const assembly = text(values, 'assembly');
    await perform(`Deploy ${assembly}`, '/deploy', { assembly }, button);
  });
  onSubmit('fault', async (values, button) => {
    const fault = faultOf(values);
    await perform(`${fault.target}: ${fault.kind}`, '/faults', fault, button);
  });
  form('fault').addEventListener('change', matchKind);
  form('revalidate').addEventListener('focusin', () => void offerTags());
}

/** Only a slow fault has a length. */
function matchKind(): void {
  const { elements } = form('fault');
  const [kind, milliseconds] = [elements.namedItem('kind'), elements.namedItem('milliseconds')];
  if (kind instanceof HTMLSelectElement && milliseconds instanceof HTMLInputElement)
    milliseconds.disabled = kind.value !== 'slow';
}

async function offerTags(): Promise<void> {
  const tags = await ask<readonly { readonly tag: string }[]>('/tags').catch(() => []);
  const named = tags.filter(({ tag }) => !/^_N_[TK]_/.test(tag));
  find('tags', HTMLDataListElement).replaceChildren(...named.map(({ tag }) => element('option', { value: tag })));
}

function faultOf(values: FormData) {
  const [milliseconds, seconds] = [text(values, 'milliseconds'), text(values, 'seconds')];
  const rate = Number(text(values, 'rate') || 100) / 100;
  return {
    target: text(values, 'target'),
    kind: text(values, 'kind'),
    ...(milliseconds !== '' && { milliseconds: Number(milliseconds) }),
    ...(seconds !== '' && { seconds: Number(seconds) }),
    ...(rate < 1 && { rate }),
  };
}

function onSubmit(id: string, act: (values: FormData, button: HTMLButtonElement | undefined) => Promise<void>): void {
  const target = form(id);
  target.addEventListener('submit', (event) => {
    event.preventDefault();
    void act(new FormData(target), target.querySelector('button') ?? undefined);
  });
}

function form(id: string): HTMLFormElement {
  return find(id, HTMLFormElement);
}

function text(values: FormData, name: string): string {
  const value = values.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

/** What an order answers, where a word of it is worth more than that it was carried out. */
function detailOf(answer: unknown): string {
  const { tags, outcome, notApplied = [] } = (answer ?? {}) as Answer;
  if (outcome !== undefined) return [`, ${outcome}`, ...notApplied].join('; ');
  return Array.isArray(tags) && !('way' in (answer as object)) ? `, ${tags.length} written` : '';
}

interface Answer {
  readonly tags?: readonly string[];
  readonly outcome?: string;
  readonly notApplied?: readonly string[];
}
