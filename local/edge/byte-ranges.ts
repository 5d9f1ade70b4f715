/** A part of a body, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The parts of a body that a `Range` header asks for; empty where none of them exists. Undefined for what CloudFront answers with the whole
 * object: another unit, a form that cannot be read, and ranges that overlap or do not ascend.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
 */
export function readByteRanges(header: string, length: number): readonly ByteRange[] | undefined {
  const [unit, list] = header.trim().split('=');
  if (unit !== 'bytes' || list === undefined) return undefined;
  const ranges = list.split(',').map((text) => readRange(text.trim(), length));
  const known = ranges.filter((range) => range !== undefined);
  const ascend = known.every(({ start }, index) => index === 0 || start > (known[index - 1]?.end ?? 0));
  if (known.length < ranges.length || !ascend) return undefined;
  return known.filter(({ start, end }) => start < length && start <= end);
}

/** `0-4`, `95-` or `-3`; one that begins behind the body's end reaches nowhere. */
function readRange(text: string, length: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(text) ?? [];
  if (first === '') return last === '' ? undefined : { start: Math.max(0, length - Number(last)), end: length - 1 };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return { start: Number(first), end: last === '' ? length - 1 : Math.min(Number(last), length - 1) };
}

/** What `Content-Range` says of a part. */
export function contentRange({ start, end }: ByteRange, length: number): string {
  return `bytes ${String(start)}-${String(end)}/${String(length)}`;
}

/**
 * Several parts in one body.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-media-type-multipart-bytera
 */
export function multipartBody(
  body: Buffer,
  ranges: readonly ByteRange[],
  { boundary, type }: { readonly boundary: string; readonly type: string | undefined },
): Buffer {
  const parts = ranges.flatMap((range) => {
    const lines = [
      `--${boundary}`,
      ...(type === undefined ? [] : [`Content-Type: ${type}`]),
      `Content-Range: ${contentRange(range, body.length)}`,
    ];
    return [
      Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
      body.subarray(range.start, range.end + 1),
      Buffer.from('\r\n'),
    ];
  });
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}
