import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors';

/** A request's body as the client meant it, with the trailer of a chunked one. */
export interface RequestBody {
  readonly content: Buffer;
  readonly trailer: Record<string, string>;
}

/** Reads a body and undoes `aws-chunked`, which the SDK uses to send checksums after the content. */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const raw = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  return isAwsChunked(request) ? decodeAwsChunked(raw) : { content: raw, trailer: {} };
}

/** The content encoding without `aws-chunked`, which describes the transfer and is not stored. */
export function storedContentEncoding(request: IncomingMessage): string | undefined {
  const encodings = (request.headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  return encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked').join(',') || undefined;
}

function isAwsChunked(request: IncomingMessage): boolean {
  const hash = request.headers['x-amz-content-sha256'];
  return typeof hash === 'string' && hash.startsWith('STREAMING-');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html; signatures of chunks are not verified. */
function decodeAwsChunked(raw: Buffer): RequestBody {
  const pieces: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', position);
    const size = lineEnd < 0 ? NaN : parseInt(raw.toString('latin1', position, lineEnd), 16);
    if (Number.isNaN(size)) throw S3Error.incompleteBody('The aws-chunked body ends within a chunk header.');
    position = lineEnd + 2;
    if (size === 0) return { content: Buffer.concat(pieces), trailer: parseTrailer(raw.toString('latin1', position)) };
    if (position + size > raw.length) throw S3Error.incompleteBody('The aws-chunked body ends within a chunk.');
    pieces.push(raw.subarray(position, position + size));
    position += size + 2;
  }
}

function parseTrailer(text: string): Record<string, string> {
  const lines = text.split('\r\n').map((line) => /^([^:]+):(.*)$/.exec(line));
  return Object.fromEntries(
    lines.flatMap((match) => (match ? [[(match[1] ?? '').toLowerCase(), (match[2] ?? '').trim()]] : [])),
  );
}
