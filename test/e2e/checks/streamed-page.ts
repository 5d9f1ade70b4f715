import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';

/** A machine with a lot to do reads late: what is buffered is so every time. */
const ATTEMPTS = 3;
/** Of the time that the server takes between the parts, how much has to lie between their arrivals. */
const LEAST_SHARE = 0.25;

interface Arrival {
  readonly status: number;
  /** Milliseconds until the first byte was here. */
  readonly firstByte: number;
  /** Milliseconds until the last part was. */
  readonly lastPart: number;
  /** Milliseconds that the server took from the first part to the last. */
  readonly rendering: number;
}

/** A page that is streamed arrives as it is made: neither CloudFront nor the load balancer holds it back. */
export async function streamedPage(site: CheckedSite): Promise<Outcome> {
  const { streamed: path } = site.places;
  const findings = new Findings();
  let arrival = await read(site, path);
  for (let attempt = 1; attempt < ATTEMPTS && !isStreamed(arrival); attempt += 1) arrival = await read(site, path);
  const { status, firstByte, lastPart, rendering } = arrival;
  findings.expect(`the status of ${path}`, status, 200);
  findings.refuse(!(rendering > 0), `${path} does not show when its parts were made`);
  findings.refuse(
    !isStreamed(arrival),
    `${path} comes at once: ${lastPart - firstByte} ms from the first byte to the last part, which took ${rendering} ms to make`,
  );
  const figures = { firstByteMs: firstByte, lastPartMs: lastPart };
  return findings.outcome(`${path}: first byte after ${firstByte} ms, last part after ${lastPart} ms`, figures);
}

function isStreamed({ firstByte, lastPart, rendering }: Arrival): boolean {
  return lastPart - firstByte >= rendering * LEAST_SHARE;
}

/** The server's clock is compared with itself only, as is this machine's. */
async function read({ url, fetch }: CheckedSite, path: string): Promise<Arrival> {
  const start = performance.now();
  const response = await fetch(new URL(path, url));
  const decoder = new TextDecoder();
  let body = '';
  let [firstByte, lastPart] = [0, 0];
  for await (const chunk of response.body ?? []) {
    firstByte ||= performance.now() - start;
    body += decoder.decode(chunk as Uint8Array, { stream: true });
    if (body.includes('data-part="3"')) lastPart ||= performance.now() - start;
  }
  const rendering = madeAt(body, 3) - madeAt(body, 1);
  return { status: response.status, firstByte: Math.round(firstByte), lastPart: Math.round(lastPart), rendering };
}

function madeAt(body: string, part: number): number {
  return Number(new RegExp(`data-part="${part}" data-at="(\\d+)"`).exec(body)?.[1]);
}
