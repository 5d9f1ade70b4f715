import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../user-error';
import type { Item } from './attribute-value';
import type { ItemChange, Table } from './table';

/** A line of a journal: a key, and the item that it has since; without one it was deleted. */
interface JournalLine {
  readonly key: Item;
  readonly item?: Item;
}

/**
 * Keeps tables in files, one journal of changes a table, shortened whenever it is opened.
 *
 * Changes are written before they are answered: what was answered survives a crash of the process.
 */
export class TableJournals {
  private readonly files = new Map<string, number>();

  constructor(private readonly directory: string) {}

  /** Puts back what a table of this name held before. */
  restore(table: Table): void {
    const file = this.path(table.name);
    mkdirSync(dirname(file), { recursive: true });
    for (const { key, item } of readLines(file)) {
      if (item) table.assertItem(item);
      table.store(key, item);
    }
    const lines = [...table.all()].map((item) => encode({ key: table.keyOf(item), item }));
    writeFileSync(`${file}.new`, lines.join(''));
    renameSync(`${file}.new`, file);
    this.files.set(table.name, openSync(file, 'a'));
  }

  append(table: string, { key, newImage }: ItemChange): void {
    const file = this.files.get(table);
    if (file !== undefined) writeSync(file, encode({ key, ...(newImage && { item: newImage }) }));
  }

  remove(table: string): void {
    this.closeFile(table);
    rmSync(this.path(table), { force: true });
  }

  close(): void {
    for (const table of [...this.files.keys()]) this.closeFile(table);
  }

  private closeFile(table: string): void {
    const file = this.files.get(table);
    if (file !== undefined) closeSync(file);
    this.files.delete(table);
  }

  private path(table: string): string {
    return join(this.directory, `${encodeURIComponent(table)}.jsonl`);
  }
}

function encode(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The lines of a journal. What follows the last line break was being written when the process died: it was never answered. */
function readLines(file: string): JournalLine[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as JournalLine;
    } catch (cause) {
      throw new UserError(
        `cdk-nextjs-ecs local: line ${index + 1} of ${file} is not a change of a table any more. Remove the line, or the file with all items.`,
        { cause },
      );
    }
  });
}
