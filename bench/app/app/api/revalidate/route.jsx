import { revalidateTag } from 'next/cache';

export async function POST(request) {
  const { tags } = await request.json();
  for (const tag of tags) revalidateTag(tag, { expire: 0 });
  return Response.json({ revalidated: tags });
}
