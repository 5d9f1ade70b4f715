import { unstable_cache } from 'next/cache';
import { noteRender } from '../../../shared/origin.mjs';
import { prose } from '../../../shared/words.mjs';

export const revalidate = 86_400;

export function generateStaticParams() {
  return [];
}

/** An ordinary page of some 9 KB with tags, rendered when it is first asked for. */
export default async function PostPage({ params }) {
  const { slug } = await params;
  const read = unstable_cache(() => noteRender(`post-${slug}`), ['post', slug], { tags: ['posts', `post:${slug}`] });
  const version = await read();
  return (
    <article>
      <h1>{slug}</h1>
      <i data-version={version}>{version}</i>
      <p>{prose(slug, 1500)}</p>
    </article>
  );
}
