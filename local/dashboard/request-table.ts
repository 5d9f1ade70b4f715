import type { RequestSummary, RequestTrace } from '../trace';
import { duration } from '../trace/text';
import { ask } from './control';
import { element, find } from './dom';
import { drawWay } from './way';

/** Lines that the page holds. */
const MOST_ROWS = 200;
const COLUMNS = 7;

interface Line {
  summary: RequestSummary;
  readonly row: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  way?: HTMLTableRowElement;
}

/** The request log: a line each, which opens into the request's way. */
export class RequestTable {
  private readonly table = find('requests', HTMLTableElement);
  private readonly empty = find('no-requests', HTMLParagraphElement);
  private readonly filter = find('filter', HTMLInputElement);
  private readonly lines = new Map<string, Line>();

  constructor() {
    this.filter.addEventListener('input', () => {
      for (const line of this.lines.values()) this.applyFilter(line);
    });
  }

  /** Takes in new and changed requests, oldest first. Rows that are there stay where they are, and so does the focus. */
  update(requests: readonly RequestSummary[]): void {
    for (const summary of requests) {
      const known = this.lines.get(summary.id);
      if (known === undefined) this.add(summary);
      else this.change(known, summary);
    }
    this.trim();
    this.table.hidden = this.lines.size === 0;
    this.empty.hidden = this.lines.size > 0;
  }

  /** Opens a request's way and moves there. */
  async open(trace: RequestTrace): Promise<void> {
    this.update([trace]);
    const line = this.lines.get(trace.id);
    if (line === undefined) return;
    if (line.way === undefined) await this.toggle(line);
    line.button.focus();
    line.row.scrollIntoView({ block: 'nearest' });
  }

  private add(summary: RequestSummary): void {
    const { method, url } = summary;
    const controls = `way-${summary.id}`;
    const button = element(
      'button',
      { type: 'button', class: 'request', 'aria-expanded': 'false', 'aria-controls': controls },
      `${method} ${url}`,
    );
    const line: Line = { summary, button, row: element('tr') };
    button.addEventListener('click', () => void this.toggle(line));
    this.fill(line);
    this.lines.set(summary.id, line);
    this.applyFilter(line);
    this.body.prepend(line.row);
  }

  private change(line: Line, summary: RequestSummary): void {
    line.summary = summary;
    this.fill(line);
    if (line.way !== undefined) void this.showWay(line, line.way);
  }

  /** The button stays the same element, so that it keeps the focus. */
  private fill({ summary, row, button }: Line): void {
    const { time, status, result = '–', cache = '–', task = '–', milliseconds, reason } = summary;
    const cells = [
      element('td', { class: 'nowrap' }, new Date(time).toLocaleTimeString()),
      element('td', { class: statusTone(status) }, status === 0 ? 'left' : String(status)),
      element('td', { class: result === 'Hit' ? 'hit' : '', title: reason }, result),
      element('td', { class: cacheTone(cache), title: reason }, cache),
      element('td', { class: 'nowrap' }, task),
      element('td', { class: 'number' }, duration(milliseconds)),
    ] as const;
    if (row.firstChild === null) row.append(cells[0], element('td', {}, button), ...cells.slice(1));
    else for (const [index, cell] of cells.entries()) row.cells[index === 0 ? 0 : index + 1]?.replaceWith(cell);
  }

  private async toggle(line: Line): Promise<void> {
    const { button, way } = line;
    button.setAttribute('aria-expanded', String(way === undefined));
    if (way !== undefined) {
      way.remove();
      delete line.way;
      return;
    }
    const opened = element('tr', { id: `way-${line.summary.id}` });
    line.way = opened;
    line.row.after(opened);
    await this.showWay(line, opened);
  }

  private async showWay({ summary }: Line, row: HTMLTableRowElement): Promise<void> {
    let content: Node | string;
    try {
      content = drawWay(await ask<RequestTrace>(`/requests/${encodeURIComponent(summary.id)}`));
    } catch (error) {
      content = String(error);
    }
    row.replaceChildren(element('td', { colspan: COLUMNS }, content));
  }

  private applyFilter({ summary, row, way }: Line): void {
    const isHidden = !summary.url.includes(this.filter.value);
    row.hidden = isHidden;
    if (way) way.hidden = isHidden;
  }

  private trim(): void {
    for (const [id, { row, way }] of this.lines) {
      if (this.lines.size <= MOST_ROWS) return;
      row.remove();
      way?.remove();
      this.lines.delete(id);
    }
  }

  private get body(): HTMLTableSectionElement {
    return this.table.tBodies[0] ?? this.table.createTBody();
  }
}

function statusTone(status: number): string {
  if (status === 0 || status >= 500) return 'failure';
  return status >= 400 ? 'old' : '';
}

function cacheTone(cache: string): string {
  if (cache.startsWith('HIT')) return 'hit';
  return cache === 'STALE' || cache === 'OLD' ? 'old' : cache === 'MISS' ? 'miss' : '';
}
