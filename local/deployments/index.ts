export { readAsset } from './asset-archive';
export type { DeploymentResult } from './bucket-deployment';
export { DeploymentError } from './deployment-error';
export { runBucketDeployments } from './run-deployments';
export { unzip } from './zip';
