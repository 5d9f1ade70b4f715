import type { Metadata } from 'next';
import Image from 'next/image';
import Link from 'next/link';
import { connection } from 'next/server';
import { RenderStamp } from '@/components/render-stamp';
import { catalogue } from '@/shop/catalogue';
import { MOST, readAllStock } from '@/shop/stock';
import { StockForm } from './stock-form';

export const metadata: Metadata = { title: 'Stock room' };

/** Dynamic: the shelves as they are. Saving a number revalidates the product's page for everyone. */
export default async function StockPage() {
  await connection();
  const stock = await readAllStock();
  return (
    <>
      <h1>Stock room</h1>
      <p className="lead">Count the shelf, change the number: the product’s page follows at once.</p>
      <table className="shelf">
        <thead>
          <tr>
            <th scope="col">Piece</th>
            <th scope="col">On the shelf</th>
          </tr>
        </thead>
        <tbody>
          {catalogue.map(({ slug, name }) => (
            <tr key={slug}>
              <th scope="row">
                <Image src={`/pictures/${slug}.jpg`} alt="" width={48} height={48} />
                <Link href={`/products/${slug}`} prefetch={false}>
                  {name}
                </Link>
              </th>
              <td>
                <StockForm slug={slug} name={name} stock={stock[slug] ?? 0} most={MOST} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <RenderStamp how="Never kept." />
    </>
  );
}
