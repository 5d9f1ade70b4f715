import { createLog } from '../log';
import { type CustomResourceAnswer, type CustomResourceEvent, sendAnswer } from './custom-resource';
import { createS3Client } from './s3-client';
import { upload, type UploadOrder } from './upload';

/** The part of Lambda's context that is used here. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** Kept for the answer at the end of a function's time, in milliseconds. */
const TIME_TO_ANSWER = 15_000;

const log = createLog('info');

/**
 * The custom resource that puts a build's hashed files into the asset bucket before tasks run that name them.
 *
 * CloudFormation hears an answer in every case: a failure is its reason to roll back.
 */
export async function handler(event: CustomResourceEvent, context: LambdaContext): Promise<void> {
  const physicalResourceId = event.PhysicalResourceId ?? `${event.StackId}/${event.LogicalResourceId}`;
  const answer = await perform(event, context).then(
    (data): CustomResourceAnswer => ({ status: 'SUCCESS', physicalResourceId, data }),
    (error: unknown): CustomResourceAnswer => {
      log.error('assets.failed', { error });
      return { status: 'FAILED', physicalResourceId, reason: `cdk-nextjs-ecs assets: ${reasonOf(error)}` };
    },
  );
  await sendAnswer(event, answer);
}

async function perform(event: CustomResourceEvent, context: LambdaContext): Promise<Record<string, number>> {
  // Files stay for ever: pages that name them may be in a browser's tab, or in a cache.
  if (event.RequestType === 'Delete') return {};
  const order = orderOf(event.ResourceProperties);
  const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - TIME_TO_ANSWER));
  const s3 = createS3Client();
  try {
    const { uploaded, unchanged } = await upload(s3, order, signal);
    log.info('assets.uploaded', { bucket: order.bucket, uploaded, unchanged });
    return { Uploaded: uploaded, Unchanged: unchanged };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error('not done within the time of a Lambda function; deploy again to go on', { cause: error });
  } finally {
    s3.destroy();
  }
}

function orderOf(properties: Readonly<Record<string, unknown>>): UploadOrder {
  const { ChangingPaths: changing = [] } = properties;
  return {
    archiveBucket: requireText(properties, 'ArchiveBucket'),
    archiveKey: requireText(properties, 'ArchiveKey'),
    bucket: requireText(properties, 'Bucket'),
    changing: Array.isArray(changing) ? changing.map(String) : [],
  };
}

function requireText(properties: Readonly<Record<string, unknown>>, name: string): string {
  const value = properties[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(
    `the property ${name} must be a text; received ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
