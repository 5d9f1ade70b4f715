import { describe, expect, it } from 'vitest';

import { type Log, type LogLevel, createLog } from '../../runtime/log';

/** The lines that `work` logs at this least level. */
function logged(level: LogLevel, work: (log: Log) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  work(createLog(level, (line) => lines.push(line)));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a log', () => {
  it('writes one line of JSON an event, whatever is in it', () => {
    const lines: string[] = [];
    const log = createLog('info', (line) => lines.push(line));
    log.info('cache.read', { text: 'two\nlines', big: 1n, map: new Map([['a', 1]]), set: new Set(['b']) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      event: 'cache.read',
      text: 'two\nlines',
      big: '1',
      map: { a: 1 },
      set: ['b'],
    });
  });

  it('leaves out what is less severe than its level', () => {
    const levels = logged('warn', (log) => {
      log.debug('a');
      log.info('b');
      log.warn('c');
      log.error('d');
    }).map(({ level }) => level);
    expect(levels).toEqual(['warn', 'error']);
  });

  it('describes errors with their causes', () => {
    const error = new Error('no answer', { cause: new Error('refused') });
    const [line] = logged('info', (log) => {
      log.error('store.failed', { error });
    });
    expect(line).toMatchObject({ error: { message: 'no answer', cause: { message: 'refused' } } });
  });

  it.each(['authorization', 'Cookie', 'secretAccessKey', 'sessionToken', 'password'])('keeps %s to itself', (name) => {
    const [line] = logged('info', (log) => {
      log.info('request', { headers: { [name]: 'hush' } });
    });
    expect(JSON.stringify(line)).not.toContain('hush');
  });

  it('survives what cannot be printed', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const [line] = logged('info', (log) => {
      log.info('odd', { circle });
    });
    expect(line).toMatchObject({ event: 'odd', level: 'info' });
  });
});
