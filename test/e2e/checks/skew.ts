import type { Deployment } from './deployment';
import { Findings, type Outcome } from './outcome';
import type { ViewedSite } from './site';
import { findMissing } from './visitors';

/** Another width than the pages name, so that no edge has the picture: the new tasks have to find it. */
const OTHER_WIDTH = 'w=256&';

/** Whoever has a page of the old release open goes on: its scripts, styles and pictures are still there. */
export async function skew(site: ViewedSite, { visits, newAt = Infinity }: Deployment): Promise<Outcome> {
  const findings = new Findings();
  const filesOf = (isNew: boolean) =>
    new Set(visits.filter(({ startedAt }) => startedAt > newAt === isNew).flatMap(({ files }) => files));
  const current = filesOf(true);
  const old = [...filesOf(false)].filter((file) => !current.has(file));
  findings.refuse(old.length === 0, 'the releases do not differ in their files: nothing was shown');
  const pictures = old
    .filter((file) => file.includes('/_next/image'))
    .map((file) => file.replace(/\bw=\d+&/, OTHER_WIDTH));
  const asked = [...new Set([...old, ...pictures])];
  for (const file of asked) {
    const missing = await findMissing(site, file);
    if (missing !== undefined) findings.add(`pages of the old release name what is not there any more: ${missing}`);
  }
  return findings.outcome(`${asked.length} files that only the old release names: all there`, {
    oldFiles: asked.length,
  });
}
