import { record, text } from '../properties';

/** Makes what a rule's target gets from the event. */
export type TargetInput = (event: unknown) => unknown;

/**
 * Reads `Input`, `InputPath` or `InputTransformer` of a target.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function readInput(target: Readonly<Record<string, unknown>>): TargetInput {
  const constant = text(target.Input);
  if (constant !== undefined) return () => JSON.parse(constant) as unknown;
  const path = text(target.InputPath);
  if (path !== undefined) return (event) => select(event, path);
  const { InputPathsMap: paths, InputTemplate: template } = record(target.InputTransformer);
  const form = text(template);
  return form === undefined ? (event) => event : (event) => transform(event, record(paths), form);
}

/** `$.detail.name` and `$.resources[0]`. */
function select(event: unknown, path: string): unknown {
  const steps = path.match(/[^.[\]$"']+/g) ?? [];
  return steps.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], event);
}

/** `<name>` is a value of the event; within quotation marks its text. */
function transform(event: unknown, paths: Readonly<Record<string, unknown>>, template: string): unknown {
  let quoted = false;
  const filled = template.replace(/\\.|"|<([\w.-]+)>/g, (match, name: string | undefined) => {
    if (match === '"') quoted = !quoted;
    if (name === undefined) return match;
    const path = text(paths[name]);
    const value = name === 'aws.events.event' ? event : path === undefined ? undefined : select(event, path);
    if (value === undefined) return quoted ? '' : '""';
    const json = JSON.stringify(value);
    return quoted && typeof value === 'string' ? json.slice(1, -1) : json;
  });
  try {
    return JSON.parse(filled);
  } catch {
    // A template need not be JSON.
    return filled;
  }
}
