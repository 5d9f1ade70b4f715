/** What makes a custom resource, and the deployment with it, fail. */
export class CustomResourceError extends Error {
  constructor(title: string, message: string) {
    super(`cdk-nextjs-ecs local: custom resource ${title}: ${message}`);
    this.name = 'CustomResourceError';
  }
}
