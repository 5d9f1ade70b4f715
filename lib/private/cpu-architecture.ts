import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import type { BundleFacts, BundlePlatform } from '../../contract';
import { ConfigurationError } from './errors';

/** Node.js' names (`process.arch`) of the architectures that Fargate has. */
const FARGATE_ARCHITECTURES: Readonly<Record<string, CpuArchitecture>> = {
  arm64: CpuArchitecture.ARM64,
  x64: CpuArchitecture.X86_64,
};

/** The architecture that the app's native modules can run on; the cheaper one where it has none and nobody chose. */
export function chooseCpuArchitecture(
  scope: IConstruct,
  facts: BundleFacts,
  chosen?: CpuArchitecture,
): CpuArchitecture {
  const native = facts.nativePlatform;
  if (!native) return chosen ?? CpuArchitecture.ARM64;
  const runnable = native.os === 'linux' ? FARGATE_ARCHITECTURES[native.arch] : undefined;
  if (runnable && (chosen ?? runnable) === runnable) return runnable;
  throw new ConfigurationError({
    part: 'NextjsService.cpuArchitecture',
    scope,
    problem: `the app's native modules are for ${platformName(native)}, the tasks are to run on ${architectureName(chosen)}`,
    remedy: runnable
      ? `Pack the app for it (npx cdk-nextjs-ecs build DIR --arch ${chosen === CpuArchitecture.X86_64 ? 'x64' : 'arm64'}), or leave \`cpuArchitecture\` out`
      : 'Pack the app for linux/arm64 or linux/x64: npx cdk-nextjs-ecs build DIR --arch arm64',
  });
}

/** What Docker calls it. */
export function imagePlatform(architecture: CpuArchitecture): Platform {
  return architecture === CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64;
}

function platformName(platform: BundlePlatform): string {
  return `${platform.os}/${platform.arch}`;
}

function architectureName(chosen: CpuArchitecture = CpuArchitecture.ARM64): string {
  return chosen === CpuArchitecture.ARM64 ? 'linux/arm64' : 'linux/x64';
}
