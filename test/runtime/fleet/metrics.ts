import type { CounterName, GaugeName } from '../../../runtime/counters';
import type { StartedServer } from '../server/started-server';

interface MetricLine {
  readonly _aws: { readonly Timestamp: number };
  readonly [name: string]: unknown;
}

/** The embedded-metric lines that a server has printed. */
export function metricLines(server: StartedServer): readonly MetricLine[] {
  return server.output.flatMap((line) => (line.startsWith('{"_aws"') ? [JSON.parse(line) as MetricLine] : []));
}

/** The sum of what a server has said it counted. */
export function counted(server: StartedServer, name: CounterName): number {
  return valuesOf(server, name).reduce((sum, value) => sum + value, 0);
}

/** All that a server has said of a gauge, in order. */
export function gauged(server: StartedServer, name: GaugeName): readonly number[] {
  return valuesOf(server, name);
}

function valuesOf(server: StartedServer, name: string): number[] {
  return metricLines(server).flatMap(({ [name]: value }) => (typeof value === 'number' ? [value] : []));
}
