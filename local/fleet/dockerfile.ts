import { posix } from 'node:path';

/** What the last stage of a Dockerfile says about running its image. */
export interface ImageConfiguration {
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
  readonly environment: Readonly<Record<string, string>>;
}

type Stage = { -readonly [Key in keyof ImageConfiguration]: ImageConfiguration[Key] };

/**
 * Reads ENTRYPOINT, CMD, WORKDIR and ENV of the last stage, and of the stages it is built FROM.
 *
 * What a base image from a registry says stays unknown, and so do build arguments.
 */
export function readDockerfile(content: string): ImageConfiguration {
  const stages = new Map<string, Stage>();
  let stage: Stage = { environment: {} };
  for (const { instruction, rest } of instructions(content)) {
    switch (instruction) {
      case 'FROM': {
        const { base, name } = /^(?:--\S+\s+)*(?<base>\S+)(?:\s+AS\s+(?<name>\S+))?/i.exec(rest)?.groups ?? {};
        stage = { environment: {}, ...stages.get((base ?? '').toLowerCase()) };
        if (name !== undefined) stages.set(name.toLowerCase(), stage);
        break;
      }
      case 'ENTRYPOINT':
        stage.entryPoint = commandLine(rest);
        break;
      case 'CMD':
        stage.command = commandLine(rest);
        break;
      case 'WORKDIR':
        stage.workingDirectory = posix.resolve(stage.workingDirectory ?? '/', unquote(rest));
        break;
      case 'ENV':
        stage.environment = { ...stage.environment, ...assignments(rest) };
        break;
    }
  }
  return stage;
}

function instructions(content: string): { instruction: string; rest: string }[] {
  const lines = content.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  return lines
    .join('\n')
    .replace(/\\[ \t]*\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line);
      return match ? [{ instruction: (match[1] ?? '').toUpperCase(), rest: match[2] ?? '' }] : [];
    });
}

/** The exec form is a JSON list; anything else is a command for the shell. */
function commandLine(rest: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(rest);
    if (Array.isArray(parsed)) return (parsed as unknown[]).map(String);
  } catch {
    // Not JSON: the shell form.
  }
  return ['/bin/sh', '-c', rest];
}

function assignments(rest: string): Record<string, string> {
  const pairs = [...rest.matchAll(/([A-Za-z_][A-Za-z0-9_]*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)/g)];
  if (pairs.length > 0 && /^\w+=/.test(rest)) {
    return Object.fromEntries(pairs.map(([, name, value]) => [name ?? '', unquote(value ?? '')]));
  }
  // The old form: `ENV NAME value with spaces`.
  const [, name, value] = /^(\S+)\s+(.*)$/.exec(rest) ?? [];
  return name === undefined ? {} : { [name]: value ?? '' };
}

function unquote(value: string): string {
  const quoted = /^"([\s\S]*)"$|^'([\s\S]*)'$/.exec(value);
  return (quoted ? (quoted[1] ?? quoted[2] ?? '') : value).replace(/\\(.)/g, '$1');
}
