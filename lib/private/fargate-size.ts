import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ConfigurationError } from './errors';

/** Memory that Fargate offers for a CPU size, in MiB: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html */
const MEMORY_BY_CPU: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: gibibytes(1, 4),
  1024: gibibytes(2, 8),
  2048: gibibytes(4, 16),
  4096: gibibytes(8, 30),
  8192: gibibytes(16, 60, 4),
  16384: gibibytes(32, 120, 8),
};

function gibibytes(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => (from + index * step) * 1024);
}

/** Refuses pairs of `cpu` and `memoryLimitMiB` that Fargate does not run. */
export function requireFargateSize(scope: IConstruct, cpu: number, memoryLimitMiB: number): void {
  if (Token.isUnresolved(cpu) || Token.isUnresolved(memoryLimitMiB)) return;
  const allowed = MEMORY_BY_CPU[cpu];
  if (!allowed) {
    throw new ConfigurationError({
      part: 'NextjsService.cpu',
      scope,
      problem: `must be one of ${Object.keys(MEMORY_BY_CPU).join(', ')} CPU units; received ${cpu}`,
      remedy: '1024 units are one vCPU; choose the next size',
    });
  }
  if (!allowed.includes(memoryLimitMiB)) {
    throw new ConfigurationError({
      part: 'NextjsService.memoryLimitMiB',
      scope,
      problem: `Fargate tasks of ${cpu} CPU units run with ${allowed.join(', ')} MiB; received ${memoryLimitMiB}`,
      remedy: 'Choose one of these, or another cpu',
    });
  }
}
