import { ask, renderIdOf } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';

/** A page that is rendered for one visitor is never shown to another. */
export async function dynamicPage(site: CheckedSite): Promise<Outcome> {
  const { dynamic: path } = site.places;
  const findings = new Findings();
  const pages = [await ask(site, path), await ask(site, path)];
  for (const { status, headers } of pages) {
    findings.expect(`the status of ${path}`, status, 200);
    findings.expect(`X-Cache of ${path}`, headers.get('x-cache'), 'Miss from cloudfront');
    findings.expect(`Cache-Control of ${path}`, headers.get('cache-control'), /\bno-store\b/);
  }
  const renderings = new Set(pages.map(renderIdOf));
  findings.refuse(renderings.size !== pages.length, `${path} was answered twice with one rendering`);
  return findings.outcome(`${path}: rendered anew for each visitor, stored nowhere`);
}
