'use server';

import { updateTag } from 'next/cache';
import { productTag } from '@/shop/cached';
import { tryFindProduct } from '@/shop/catalogue';
import { MOST, writeStock } from '@/shop/stock';

export interface Outcome {
  readonly message: string;
  readonly failed: boolean;
}

export async function changeStock(_previous: Outcome | undefined, form: FormData): Promise<Outcome> {
  const slug = form.get('slug');
  const product = typeof slug === 'string' ? tryFindProduct(slug) : undefined;
  if (!product) return { failed: true, message: 'There is no such product.' };
  const stock = Number(form.get('stock') ?? Number.NaN);
  if (!Number.isInteger(stock) || stock < 0 || stock > MOST) {
    return { failed: true, message: `Stock must be a whole number between 0 and ${String(MOST)}.` };
  }
  await writeStock(product.slug, stock);
  updateTag(productTag(product.slug));
  return { failed: false, message: `Saved: ${String(stock)}` };
}
