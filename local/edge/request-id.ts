import { randomText } from '../random-text';

/** An `X-Amz-Cf-Id`. */
export function createRequestId(): string {
  return `${randomText(40, 'base64url')}==`;
}
