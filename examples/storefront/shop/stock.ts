import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { catalogue } from './catalogue';

/**
 * The stock room: one small file a product. A stand-in for the database that a real shop has; see the README.
 * What no one has changed yet is as the catalogue says.
 */
const directory = path.join(/* turbopackIgnore: true */ process.env.STOREFRONT_DATA ?? tmpdir(), 'storefront-stock');

export const MOST = 999;

export async function readStock(slug: string): Promise<number> {
  const printed = catalogue.find((product) => product.slug === slug)?.stock ?? 0;
  // A build must not depend on what lies about on the machine that makes it.
  if (process.env.NEXT_PHASE === 'phase-production-build') return printed;
  try {
    return Number(await readFile(fileOf(slug), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return printed;
    throw error;
  }
}

export async function writeStock(slug: string, stock: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  // Written aside and renamed, so that a reader in another process never sees half a number.
  const draft = `${fileOf(slug)}.${randomUUID()}`;
  await writeFile(draft, String(stock));
  await rename(draft, fileOf(slug));
}

export async function readAllStock(): Promise<Record<string, number>> {
  return Object.fromEntries(
    await Promise.all(catalogue.map(async ({ slug }) => [slug, await readStock(slug)] as const)),
  );
}

function fileOf(slug: string): string {
  return path.join(/* turbopackIgnore: true */ directory, slug);
}
