import { createHash } from 'node:crypto';
import { ask } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';

const FILE = /\/_next\/static\/[^"'\\<>\s,)?]+\.(?:js|css|woff2)/g;
const TYPES: Readonly<Record<string, RegExp>> = { js: /javascript/, css: /^text\/css/, woff2: /^font\/woff2/ };

/** Every script, style and font that a page names comes from the bucket, for ever. */
export async function buildFiles(site: CheckedSite): Promise<Outcome> {
  const { body } = await ask(site, site.places.staticPage);
  const files = [...new Set(body.match(FILE))];
  const findings = new Findings();
  findings.refuse(!files.some((file) => file.endsWith('.js')), `${site.places.staticPage} names no script`);
  for (const file of files) {
    const { status, headers, body: content } = await ask(site, file, { 'accept-encoding': 'identity' });
    findings.expect(`the status of ${file}`, status, 200);
    findings.expect(`Cache-Control of ${file}`, headers.get('cache-control'), 'public, max-age=31536000, immutable');
    findings.expect(`the type of ${file}`, headers.get('content-type'), TYPES[file.replace(/^.*\./, '')] ?? /./);
    // The bucket's entity tags are checksums, those of Next.js are not. What is no text does not survive as one.
    if (file.endsWith('.woff2')) continue;
    findings.expect(`ETag of ${file}`, headers.get('etag'), `"${createHash('md5').update(content).digest('hex')}"`);
  }
  return findings.outcome(`${files.length} files, immutable, from the bucket`, { files: files.length });
}
