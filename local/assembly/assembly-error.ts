/** What makes a cloud assembly unusable. The message says where, what was found and how to put it right. */
export class AssemblyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(`cdk-nextjs-ecs local: assembly: ${message}`, options);
    this.name = 'AssemblyError';
  }
}
