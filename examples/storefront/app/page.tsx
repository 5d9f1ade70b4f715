import Image from 'next/image';
import { ProductCard } from '@/components/product-card';
import { RenderStamp } from '@/components/render-stamp';
import { getProducts } from '@/shop/cached';
import type { Room } from '@/shop/catalogue';
import shelf from './images/shelf.jpg';

const ROOMS: readonly [Room, string][] = [
  ['Table', 'For the table'],
  ['Living', 'For the living room'],
  ['Kitchen', 'For the kitchen'],
];

/** Static: rendered by the build, and again when someone revalidates the tag `products`. */
export default async function HomePage() {
  const products = await getProducts();
  return (
    <>
      <section className="hero">
        <Image
          src={shelf}
          alt="A lamp, a vase, a teapot, a bowl and a mug on a wooden shelf"
          placeholder="blur"
          priority
        />
        <div>
          <h1>Things that are used every day should be worth looking at.</h1>
          <p>Twenty-four pieces from seven workshops. When one is gone, the next takes as long as it takes.</p>
          <a className="button" href="#table">
            See the pieces
          </a>
        </div>
      </section>
      {ROOMS.map(([room, title]) => (
        <section key={room} id={room.toLowerCase()} className="room">
          <h2>{title}</h2>
          <div className="grid">
            {products
              .filter((product) => product.room === room)
              .map((product) => (
                <ProductCard key={product.slug} product={product} />
              ))}
          </div>
        </section>
      ))}
      <RenderStamp how="Static page." />
    </>
  );
}
