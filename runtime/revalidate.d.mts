// Types of assets/revalidate.mjs, which `cdk-nextjs-ecs/revalidate` is; runtime/revalidate holds to them by a test.
import type { RevalidationModule } from '../dist/contract/revalidation.js';

export type { RevalidationRequest, RevalidationResult, RevalidationTarget } from '../dist/contract/revalidation.js';

/**
 * Revalidates tags and paths of a site from outside of its server, for example from a function that hears of changes in a content
 * management system: writes the same rows as the app's own `revalidateTag`, for which `cache.grantRevalidate` suffices.
 */
export declare const revalidate: RevalidationModule['revalidate'];

/** The tags whose rows a request writes. */
export declare const tagsOf: RevalidationModule['tagsOf'];
