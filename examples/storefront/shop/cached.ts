import { unstable_cache } from 'next/cache';
import { catalogue, tryFindProduct, type Product } from './catalogue';
import { readStock } from './stock';

export function productTag(slug: string): string {
  return `product:${slug}`;
}

/** The product with the stock of the moment, kept until one of its tags is revalidated. */
export async function getProduct(slug: string): Promise<Product | undefined> {
  const product = tryFindProduct(slug);
  if (!product) return undefined;
  const readTagged = unstable_cache(async () => readStock(slug), ['stock', slug], {
    tags: ['products', productTag(slug)],
  });
  return { ...product, stock: await readTagged() };
}

/** Everything in the shop, as the pages list it: without stock, which only a product's own page tells. */
export const getProducts = unstable_cache(async () => Promise.resolve(catalogue), ['catalogue'], {
  tags: ['products'],
});
