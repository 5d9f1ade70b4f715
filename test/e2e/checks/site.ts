import type { Places } from './places';

/** A running site, on this machine or on AWS, as its viewers have it. */
export interface ViewedSite {
  /** Address of the edge. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
}

/** A site of whose app it is known where things are. */
export interface CheckedSite extends ViewedSite {
  readonly places: Places;
}

/** A site that can be given another release of its app. */
export interface DeployableSite extends ViewedSite {
  /** Deploys the other release. Fulfilled when the deployment is complete; rejected when it failed or was rolled back. */
  readonly deploy: () => Promise<unknown>;
}
