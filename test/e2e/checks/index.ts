import { absence } from './absence';
import { buildFiles } from './build-files';
import { dynamicPage } from './dynamic-page';
import { image } from './image';
import type { Outcome } from './outcome';
import { payload } from './payload';
import { prefetch } from './prefetch';
import { revalidation } from './revalidation';
import { serverAction } from './server-action';
import { sharedCache } from './shared-cache';
import type { CheckedSite } from './site';
import { staticPage } from './static-page';
import { streamedPage } from './streamed-page';

export interface Check {
  /** For reports and the command line. */
  readonly name: string;
  readonly run: (site: CheckedSite) => Promise<Outcome>;
}

/** What holds of every site, in the order of a report. */
export const CHECKS: readonly Check[] = [
  { name: 'html', run: staticPage },
  { name: 'rsc', run: payload },
  { name: 'prefetch', run: prefetch },
  { name: 'files', run: buildFiles },
  { name: 'dynamic', run: dynamicPage },
  { name: 'streaming', run: streamedPage },
  { name: 'images', run: image },
  { name: 'absence', run: absence },
  { name: 'shared-cache', run: sharedCache },
  { name: 'server-action', run: serverAction },
  { name: 'revalidation', run: revalidation },
];

export { type Deployment, deployUnderLoad, type Tour, unbroken } from './deployment';
export type { Outcome } from './outcome';
export type { CheckedSite, DeployableSite, ViewedSite } from './site';
export { skew } from './skew';
export { storefront, storefrontTour } from './storefront';
