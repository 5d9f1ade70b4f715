/** Levels in the order of their severity. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line of JSON an event. An event's name is dotted, part first: `server.ready`, `cache.writeFailed`. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Where lines go; a method of its own so that tests may collect them. */
export type LineWriter = (line: string) => void;

export function createLog(leastLevel: LogLevel, write: LineWriter = writeToStdout): Log {
  const least = LOG_LEVELS.indexOf(leastLevel);
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(level) >= least) write(formatLine(level, event, fields));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Drops everything. */
export const silentLog: Log = createLog('error', () => undefined);

function writeToStdout(line: string): void {
  process.stdout.write(`${line}\n`);
}

function formatLine(level: LogLevel, event: string, fields: LogFields): string {
  const head = { time: new Date().toISOString(), level, event };
  try {
    return JSON.stringify({ ...head, ...fields }, toLoggable);
  } catch (error) {
    // A cyclic or otherwise unprintable field must not take the request down with it.
    return JSON.stringify({ ...head, unprintable: String(error) });
  }
}

/** Fields whose name says that the value is nobody's business. */
const SECRET_NAME = /authorization|cookie|credential|password|secret|token/i;

function toLoggable(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return '[redacted]';
  if (value instanceof Error) return describeError(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}

function describeError(error: Error): LogFields {
  return {
    name: error.name,
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}
