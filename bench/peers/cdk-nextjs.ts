import path from 'node:path';

import { MODULES } from '../harness/app';
import { BUCKET, CDK_NEXTJS_TABLE } from '../harness/stores';
import { nextStart } from './next-start';
import type { Peer } from './peer';

/** The handler that its adapter puts into an app's configuration, with the variables that its constructs set. */
export const cdkNextjs: Peer = {
  name: 'cdk-nextjs',
  title: 'cdk-nextjs',
  launch: (ground, name, scope) =>
    Promise.resolve(
      nextStart(ground, scope, {
        ...ground.stores.environment(name),
        NEXT_CACHE_HANDLER_PATH: path.join(MODULES, 'cdk-nextjs/lib/adapter/cache-handler.mjs'),
        CDK_NEXTJS_CACHE_BUCKET_NAME: BUCKET,
        CDK_NEXTJS_REVALIDATION_TABLE_NAME: CDK_NEXTJS_TABLE.TableName,
        CDK_NEXTJS_BUILD_ID: CDK_NEXTJS_BUILD,
      }),
    ),
};

export const CDK_NEXTJS_BUILD = 'bench-cdk-nextjs';
