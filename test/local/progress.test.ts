import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

import { describe, expect, it } from 'vitest';

import { formatDuration, StreamProgress } from '../../local/progress';

function record(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return { progress: new StreamProgress(stream), written: () => String(stream.read() ?? '').replace(/\d+ ms/g, 'T') };
}

describe('progress', () => {
  it('is plain lines where nobody looks at a terminal', () => {
    const { progress, written } = record(false);
    progress.step('Packing');
    progress.note('a note\n\nof two parts');
    progress.done('3 files');
    expect(written()).toBe('Packing …\n  a note\n\n  of two parts\nPacking: 3 files (T)\n');
  });

  it('ends a step with the next one', () => {
    const { progress, written } = record(false);
    progress.step('One');
    progress.step('Two');
    progress.done();
    progress.done();
    expect(written()).toBe('One …\nOne (T)\nTwo …\nTwo (T)\n');
  });

  it('keeps the open step as the last line of a terminal', () => {
    const { progress, written } = record(true);
    progress.step('Packing');
    progress.note('a note');
    expect(stripVTControlCharacters(written())).toBe('◌ Packing …\r  a note\n◌ Packing …');
  });

  it('clears a failed step from a terminal', () => {
    const { progress, written } = record(true);
    progress.step('Packing');
    written();
    progress.abandon();
    progress.done();
    expect(written()).toBe('\r\u001b[K');
  });

  it.each([
    [840.4, '840 ms'],
    [3210, '3.2 s'],
    [125_000, '2 min 5 s'],
  ])('writes %d milliseconds as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});
