import { list, number, record, text, texts } from '../properties';

/** The part of an `AWS::ECS::TaskDefinition` that can run as processes. */
export interface TaskDefinition {
  /** What all containers may hold together, in bytes. @default - as much as there is */
  readonly memory?: number;
  readonly containers: readonly ContainerDefinition[];
}

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  /** When an essential container ends, its task ends. */
  readonly essential: boolean;
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the environment variables whose values come from Secrets Manager or Parameter Store. */
  readonly secrets: readonly string[];
  readonly ports: readonly number[];
  /** What it may hold, in bytes. @default - only the task is limited */
  readonly memory?: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  readonly stopTimeout: number;
  /** Whether it checks its own health with a command. */
  readonly checksHealth: boolean;
}

/** ECS' default of `StopTimeout`, in seconds. */
const DEFAULT_STOP_TIMEOUT = 30;

/** Reads the resolved properties of an `AWS::ECS::TaskDefinition`. */
export function readTaskDefinition(properties: Record<string, unknown>): TaskDefinition {
  return {
    ...readMemory(properties.Memory),
    containers: list(properties.ContainerDefinitions).map((value) => readContainer(record(value))),
  };
}

function readContainer(properties: Record<string, unknown>): ContainerDefinition {
  return {
    name: text(properties.Name) ?? '',
    image: text(properties.Image) ?? '',
    essential: text(properties.Essential) !== 'false',
    entryPoint: texts(properties.EntryPoint),
    command: texts(properties.Command),
    workingDirectory: text(properties.WorkingDirectory),
    environment: readEnvironment(properties.Environment),
    secrets: list(properties.Secrets).flatMap((secret) => text(record(secret).Name) ?? []),
    ...readMemory(properties.Memory),
    ports: list(properties.PortMappings).flatMap((mapping) => number(record(mapping).ContainerPort) ?? []),
    stopTimeout: (number(properties.StopTimeout) ?? DEFAULT_STOP_TIMEOUT) * 1000,
    checksHealth: properties.HealthCheck !== undefined,
  };
}

/** MiB, as a text for tasks and as a number for containers. */
function readMemory(value: unknown): { readonly memory?: number } {
  const mebibytes = number(value);
  return mebibytes === undefined ? {} : { memory: mebibytes * 1024 * 1024 };
}

function readEnvironment(value: unknown): Record<string, string> {
  const pairs = list(value).map(record);
  return Object.fromEntries(pairs.map(({ Name, Value }) => [text(Name) ?? '', text(Value) ?? '']));
}
