import Image from 'next/image';
import Link from 'next/link';
import { formatPrice, type Product } from '@/shop/catalogue';

export function ProductCard({ product }: { product: Product }) {
  return (
    <article className="card">
      <Link href={`/products/${product.slug}`}>
        <Image
          src={`/pictures/${product.slug}.jpg`}
          alt=""
          width={720}
          height={720}
          sizes="(min-width: 1100px) 270px, (min-width: 640px) 33vw, 50vw"
        />
        <h3>{product.name}</h3>
      </Link>
      <p className="maker">{product.maker}</p>
      <p className="price">{formatPrice(product.price)}</p>
    </article>
  );
}
