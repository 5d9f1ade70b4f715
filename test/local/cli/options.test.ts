import { tmpdir } from 'node:os';

import { describe, expect, it } from 'vitest';

import { architecture, container, file, folder, pattern, port, replicas, variable } from '../../../local/cli/options';

describe('an option', () => {
  it('takes a port', () => {
    expect(port('8080')).toBe(8080);
    expect(port('0')).toBe(0);
  });

  it.each(['', '-1', '65536', '80a', '1e3', ' 80'])('refuses the port %j', (value) => {
    expect(() => port(value)).toThrow('Must be a port, or 0 for any free one, from 0 to 65535.');
  });

  it.each(['0', '51', '1.5', 'three'])('refuses %j replicas', (value) => {
    expect(() => replicas(value)).toThrow('Must be a number of replicas, from 1 to 50.');
  });

  it('collects variables, whose values may hold anything', () => {
    expect(
      ['A=1', 'URL=postgres://host/x?a=b', 'EMPTY=', 'LINES=a\nb'].reduce<Record<string, string>>(
        (all, one) => variable(one, all),
        {},
      ),
    ).toEqual({
      A: '1',
      URL: 'postgres://host/x?a=b',
      EMPTY: '',
      LINES: 'a\nb',
    });
  });

  it.each(['A', '=1', '1A=2', 'A B=1'])('refuses the variable %j', (value) => {
    expect(() => variable(value)).toThrow('Must be KEY=VALUE');
  });

  it('takes an existing folder for a container', () => {
    expect(container(`web=${tmpdir()}`)).toEqual({ web: tmpdir() });
    expect(() => container('web')).toThrow('Must be NAME=DIR');
    expect(() => container('web=/does/not/exist')).toThrow('There is no folder /does/not/exist.');
    expect(() => folder('/does/not/exist')).toThrow('There is no folder /does/not/exist.');
  });

  it('collects patterns, and takes an existing file and an architecture of Fargate', () => {
    expect(['content/**', '*.txt'].reduce<string[]>((all, one) => pattern(one, all), [])).toEqual([
      'content/**',
      '*.txt',
    ]);
    expect(file(import.meta.filename)).toBe(import.meta.filename);
    expect(() => file(tmpdir())).toThrow(`There is no file ${tmpdir()}.`);
    expect(architecture('arm64')).toBe('arm64');
    expect(() => architecture('amd64')).toThrow('Must be arm64 or x64.');
  });
});
