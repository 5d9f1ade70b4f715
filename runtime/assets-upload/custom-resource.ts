/**
 * What CloudFormation asks of a custom resource.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
 */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  /** Where the answer goes, by PUT; CloudFormation waits until then. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
}

export interface CustomResourceAnswer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalResourceId: string;
  /** Attributes of the resource. */
  readonly data?: Readonly<Record<string, string | number>>;
  readonly reason?: string;
}

/** CloudFormation reads no more than 4,096 bytes, ids and punctuation included. */
const LONGEST_REASON = 2000;
const ATTEMPTS = 5;
/** An answer that hangs is given up and sent again. */
const ATTEMPT_TIMEOUT = 10_000;

/** Tells CloudFormation, until it has heard: without an answer it would wait for an hour. */
export async function sendAnswer(event: CustomResourceEvent, answer: CustomResourceAnswer): Promise<void> {
  const body = Buffer.from(
    JSON.stringify({
      Status: answer.status,
      Reason: answer.reason?.slice(0, LONGEST_REASON),
      PhysicalResourceId: answer.physicalResourceId,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      Data: answer.data,
    }),
  );
  for (let attempt = 1; ; attempt += 1) {
    try {
      await put(event.ResponseURL, body);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}

async function put(url: string, body: Buffer): Promise<void> {
  const response = await fetch(url, {
    method: 'PUT',
    body,
    // The URL is signed for no content type: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
    headers: { 'content-type': '' },
    signal: AbortSignal.timeout(ATTEMPT_TIMEOUT),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`CloudFormation's answer address gave ${response.status}`);
}
