/** What was asked for is not there, or not any more. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}
