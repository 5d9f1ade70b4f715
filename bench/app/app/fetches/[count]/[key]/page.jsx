import { connection } from 'next/server';
import { ORIGIN } from '../../../../shared/origin.mjs';

/** Dynamic itself, over so many data that are kept, asked for all at once. */
export default async function FetchesPage({ params }) {
  await connection();
  const { count, key } = await params;
  const data = await Promise.all(
    Array.from({ length: Number(count) }, async (_, index) => {
      const url = `${ORIGIN}/data/${key}-${count}-${index}`;
      const response = await fetch(url, { cache: 'force-cache', next: { tags: [`data:${key}`] } });
      return response.text();
    }),
  );
  return <p>{data.join(' ')}</p>;
}
