import { prose } from '../../../shared/words.mjs';

export const revalidate = 86_400;

export function generateStaticParams() {
  return [];
}

/** A list of products, of some 100 KB. */
export default async function ListPage({ params }) {
  const { key } = await params;
  const products = Array.from({ length: 138 }, (_, index) => ({
    id: `${key}-${index}`,
    name: prose(`name ${key} ${index}`, 24),
    about: prose(`about ${key} ${index}`, 150),
    price: ((index * 7919) % 9000) / 100 + 5,
  }));
  return (
    <ul>
      {products.map(({ id, name, about, price }) => (
        <li key={id} id={id} className="product">
          <a href={`/posts/${id}`}>{name}</a>
          <p>{about}</p>
          <b>{price.toFixed(2)}</b>
        </li>
      ))}
    </ul>
  );
}
