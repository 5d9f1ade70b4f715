/** What keeps a deployment's files from reaching their bucket. */
export class DeploymentError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(`cdk-nextjs-ecs local: deployment: ${message}`, options);
    this.name = 'DeploymentError';
  }
}
