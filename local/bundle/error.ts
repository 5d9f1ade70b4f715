/** What stands in the way of a bundle. The message says what was found and how to put it right. */
export class BundleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(`cdk-nextjs-ecs build: ${message}`, options);
    this.name = 'BundleError';
  }
}
