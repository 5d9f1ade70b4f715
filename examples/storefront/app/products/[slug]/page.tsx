import type { Metadata } from 'next';
import Image from 'next/image';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import { AddToBasket } from '@/components/basket';
import { RenderStamp } from '@/components/render-stamp';
import { getProduct } from '@/shop/cached';
import { FEATURED, formatPrice, tryFindProduct } from '@/shop/catalogue';

export const revalidate = 60;

interface Props {
  params: Promise<{ slug: string }>;
}

export function generateStaticParams() {
  return FEATURED.map((slug) => ({ slug }));
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { slug } = await params;
  const product = tryFindProduct(slug);
  return { title: product?.name, description: product?.line };
}

export default async function ProductPage({ params }: Props) {
  const { slug } = await params;
  const product = await getProduct(slug);
  if (!product) notFound();
  return (
    <>
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link href="/">Shop</Link> / <span aria-current="page">{product.name}</span>
      </nav>
      <article className="product">
        <Image
          src={`/pictures/${product.slug}.jpg`}
          alt={product.name}
          width={720}
          height={720}
          sizes="(min-width: 900px) 540px, 100vw"
          priority
        />
        <div>
          <h1>{product.name}</h1>
          <p className="maker">by {product.maker}</p>
          <p className="lead">{product.line}</p>
          <p className="price">{formatPrice(product.price)}</p>
          <p className={product.stock > 0 ? 'stock' : 'stock out'}>
            <span data-stock={product.stock}>{product.stock}</span> in stock
          </p>
          <AddToBasket name={product.name} disabled={product.stock === 0} />
          <ul className="details">
            {product.details.map((detail) => (
              <li key={detail}>{detail}</li>
            ))}
          </ul>
        </div>
      </article>
      <RenderStamp how="Kept for a minute, or until its stock changes." />
    </>
  );
}
