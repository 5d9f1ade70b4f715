import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { NextjsBuild } from '../nextjs-build';
import { checkAdvisories } from './advisories';
import { ConfigurationError } from './errors';

/** What can be told of a build before it runs. */
export function checkBuild(scope: Construct, nextBuild: NextjsBuild): void {
  checkAdvisories(scope, nextBuild.nextVersion);
  requireSharp(scope, nextBuild);
  if (nextBuild.hasStaticFiles) return;
  Annotations.of(scope).addWarningV2(
    'cdk-nextjs-ecs:staticFiles',
    'cdk-nextjs-ecs NextjsBuild.fromImage: the tasks serve `_next/static` of their own build only, so that pages of earlier builds, in ' +
      'browser tabs and caches, lose their scripts and styles with each deployment. Give `staticFiles` to keep all builds in a bucket.',
  );
}

/** Next.js answers every optimized image with an error where it has no sharp: https://nextjs.org/docs/messages/install-sharp */
function requireSharp(scope: Construct, nextBuild: NextjsBuild): void {
  if (nextBuild.imagePath === undefined || nextBuild._facts.images.sharp !== false) return;
  throw new ConfigurationError({
    part: 'NextjsBuild.imagePath',
    scope,
    problem: `images are to be optimized by the server at ${nextBuild.imagePath}, and sharp is not among its modules`,
    remedy:
      'Install it (npm install sharp) and build again; or set `images.unoptimized` or `images.loader` in next.config, where nothing is to be optimized here',
  });
}
