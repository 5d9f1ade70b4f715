import { S3Client } from '@aws-sdk/client-s3';

/** How long a new permission of IAM may take until S3 knows it, in milliseconds. */
const PATIENCE = 90_000;
const PAUSE = 1000;

/** A client that does not believe a first refusal: the permission to read a new build's archive is as new as the archive. */
export function createS3Client(patience = PATIENCE, pause = PAUSE): S3Client {
  const client = new S3Client({
    maxAttempts: 5,
    // A loopback or private endpoint has no host name a bucket.
    forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
  });
  const until = Date.now() + patience;
  client.middlewareStack.add(
    (next) => async (args) => {
      for (;;) {
        try {
          return await next(args);
        } catch (error) {
          if (!isRefusal(error) || Date.now() > until) throw error;
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    { step: 'initialize', name: 'awaitPermission' },
  );
  return client;
}

function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return false;
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode === 403;
}
