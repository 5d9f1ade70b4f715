import type { LocalStack } from '../stack';

/** The addresses, once everything runs, for people. */
export function describeStack(stack: LocalStack, time: string): string {
  const rows: [string, string][] = [
    ['Site', stack.url],
    ['Control', `${stack.control} (dashboard)`],
    ...stack.replicas.map(({ id, url = 'without a port' }): [string, string] => [id, url]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const block = rows.map(([name, text]) => `${name.padEnd(width)}${text}`).join('\n');
  const notes = stack.notes.map((note) => `- ${note}\n`).join('');
  return `\n${stack.name} runs, after ${time}. Ctrl-C stops it.\n\n${block}\n\n${notes}`;
}

/** The same in one line, for scripts. */
export function jsonLine(stack: LocalStack): string {
  const { url, control, replicas, name } = stack;
  return JSON.stringify({ url, control, replicas, stack: name });
}
