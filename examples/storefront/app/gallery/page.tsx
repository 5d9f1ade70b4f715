import type { Metadata } from 'next';
import Image from 'next/image';
import Link from 'next/link';
import { RenderStamp } from '@/components/render-stamp';
import { catalogue } from '@/shop/catalogue';

export const metadata: Metadata = { title: 'Gallery' };

/** Static, with pictures that the image optimizer makes to measure. */
export default function GalleryPage() {
  return (
    <>
      <h1>Gallery</h1>
      <p className="lead">Every piece once, as it leaves the workshop.</p>
      <ul className="gallery">
        {catalogue.map(({ slug, name }) => (
          <li key={slug}>
            <Link href={`/products/${slug}`} prefetch={false}>
              <Image
                src={`/pictures/${slug}.jpg`}
                alt={name}
                width={720}
                height={720}
                sizes="(min-width: 1100px) 210px, (min-width: 640px) 25vw, 50vw"
              />
            </Link>
          </li>
        ))}
      </ul>
      <RenderStamp how="Static page." />
    </>
  );
}
