import { ask } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';

/** Pictures are made to measure, in the format that the browser likes best. */
export async function image(site: CheckedSite): Promise<Outcome> {
  const { picture } = site.places;
  const findings = new Findings();
  const url = `/_next/image?url=${encodeURIComponent(picture)}&w=256&q=75`;
  const modern = await ask(site, url, { accept: 'image/avif,image/webp,image/*,*/*;q=0.8' });
  findings.expect(`the type of ${picture} for a browser that knows WebP`, typeOf(modern), 'image/webp');
  const old = await ask(site, url, { accept: 'image/*' });
  findings.expect(`the type of ${picture} for one that does not`, typeOf(old), /^image\/(jpeg|png)$/);
  return findings.outcome(`${picture}: ${typeOf(modern)}, ${typeOf(old)} for old browsers`);
}

function typeOf({ headers }: { readonly headers: Headers }): string {
  return headers.get('content-type') ?? 'nothing';
}
