import type { GetObjectRequest, S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

import type { StoredObject } from './entry-store';

/** How the SDK has addressed the bucket: the host may name it, or the path. */
interface Address {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  /** What stands before the key. */
  readonly prefix: string;
  readonly host: string;
}

/** A request as the SDK's handlers and signers take it. */
interface SdkRequest extends Omit<Address, 'prefix' | 'host'> {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** SHA-256 of nothing. */
const NO_PAYLOAD = createHash('sha256').digest('hex');

/**
 * Reads of one bucket, each of which is one signed request and nothing else. The SDK's way through its middleware takes three times the CPU,
 * and a page over ten data on a cold replica waits for ten of them. Where the bucket is it learns from the SDK's first request, and
 * what is out of the ordinary it leaves to the SDK, with its retries.
 */
export class SignedReads {
  private address: Address | undefined;
  private readonly signer: SignatureV4;

  /** @param onCall hears of each call */
  constructor(
    private readonly client: S3Client,
    private readonly onCall: () => void,
  ) {
    const { credentials, region, sha256 } = client.config;
    this.signer = new SignatureV4({ credentials, region, sha256, service: 's3', uriEscapePath: false });
    client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          if (commandName === 'GetObjectCommand')
            this.learn(args.request as SdkRequest, args.input as GetObjectRequest);
          return next(args);
        },
      { step: 'finalizeRequest', name: 'cacheBucketAddress', priority: 'low' },
    );
  }

  /** What S3 says; `undefined` where it says anything but that there is such an object, or none. */
  async tryGet(
    key: string,
    abortSignal: AbortSignal,
    unlessEtag?: string,
  ): Promise<StoredObject | 'unchanged' | 'absent' | undefined> {
    if (this.address === undefined) return undefined;
    this.onCall();
    try {
      return await this.ask(this.address, key, abortSignal, unlessEtag);
    } catch (error) {
      if (abortSignal.aborted) throw error;
      return undefined;
    }
  }

  private async ask(address: Address, key: string, abortSignal: AbortSignal, unlessEtag: string | undefined) {
    const { protocol, hostname, port, prefix, host } = address;
    const headers: Record<string, string> = { host, 'x-amz-content-sha256': NO_PAYLOAD };
    if (unlessEtag !== undefined) headers['if-none-match'] = unlessEtag;
    const request = { method: 'GET', protocol, hostname, port, path: prefix + escapePath(key), query: {}, headers };
    const { requestHandler, systemClockOffset } = this.client.config;
    const signed = await this.signer.sign(request, { signingDate: new Date(Date.now() + systemClockOffset) });
    const { response } = (await requestHandler.handle(signed as never, { abortSignal })) as { response: SdkResponse };
    const body = await whole(response.body);
    return answerOf(response, body);
  }

  private learn({ protocol, hostname, port, path, headers }: SdkRequest, { Key = '' }: GetObjectRequest): void {
    const escaped = escapePath(Key);
    if (!path.endsWith(escaped)) return;
    const host = headers.host ?? (port === undefined ? hostname : `${hostname}:${port}`);
    this.address ??= { protocol, hostname, port, prefix: path.slice(0, -escaped.length), host };
  }
}

function answerOf(
  { statusCode, headers }: SdkResponse,
  body: Buffer,
): StoredObject | 'unchanged' | 'absent' | undefined {
  if (statusCode === 200 && headers.etag !== undefined) return { body, etag: headers.etag };
  if (statusCode === 304) return 'unchanged';
  // Without the key's name in the answer it may be the bucket that is missing.
  if (statusCode === 404 && body.includes('<Code>NoSuchKey</Code>')) return 'absent';
  return undefined;
}

function whole(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.on('error', reject);
    body.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
  });
}

/** As S3 wants it signed: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function escapePath(key: string): string {
  const encoded = key.split('/').map(encodeURIComponent).join('/');
  return encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
