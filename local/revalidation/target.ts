import type { RevalidationTarget } from '../../contract';
import { UserError } from '../user-error';

const PART = 'cdk-nextjs-ecs revalidate';

/** The sites that a stack's outputs tell of. */
export function sitesIn(outputs: Iterable<unknown>): RevalidationTarget[] {
  return [...outputs].flatMap((output) => tryParse(output) ?? []);
}

/** The site of that name; without a name the only one. @param where the stack, for the error */
export function chooseSite(outputs: Iterable<unknown>, where: string, site?: string): RevalidationTarget {
  const targets = sitesIn(outputs);
  const names = targets.map((target) => target.site).join(', ');
  if (targets.length === 0) {
    throw new UserError(
      `${PART}: ${where} has no site: none of its outputs says where revalidations are written. Name the stack that has the NextjsService, deployed with this version.`,
    );
  }
  if (site === undefined && targets.length > 1) {
    throw new UserError(`${PART}: ${where} has several sites (${names}). Say which one with --site.`);
  }
  const target = targets.find((candidate) => site === undefined || candidate.site === site);
  if (target !== undefined) return target;
  throw new UserError(`${PART}: ${where} has no site ${JSON.stringify(site)}; it has ${names}.`);
}

function tryParse(output: unknown): RevalidationTarget | undefined {
  try {
    const { table, site, tagShards } = JSON.parse(String(output)) as Partial<RevalidationTarget>;
    if (typeof table !== 'string' || typeof site !== 'string' || typeof tagShards !== 'number') return undefined;
    return { table, site, tagShards };
  } catch {
    return undefined;
  }
}
