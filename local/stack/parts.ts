import type { CloudFrontServer } from '../edge-api';
import type { Fleet } from '../fleet';
import type { Tracing } from '../trace';
import type { Balancers } from './balancers';
import type { StackEdges } from './edges';
import type { StackFunctions } from './functions';
import type { Stores } from './stores';

/** What runs of a stack. */
export interface Parts {
  readonly tracing: Tracing;
  readonly stores: Stores;
  readonly cloudfront: CloudFrontServer;
  readonly functions: StackFunctions;
  readonly balancers: Balancers;
  readonly fleets: readonly Fleet[];
  readonly edges: StackEdges;
}
