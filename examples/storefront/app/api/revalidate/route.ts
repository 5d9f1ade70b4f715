import { revalidatePath, revalidateTag } from 'next/cache';

type Profile = Parameters<typeof revalidateTag>[1];

interface Order {
  readonly tag?: string;
  readonly path?: string;
  readonly profile: Profile;
}

const FIELDS = ['tag', 'path', 'profile'];
const PROFILES = ['default', 'seconds', 'minutes', 'hours', 'days', 'weeks', 'max'];

/** `{ "tag": "products" }` expires at once; with `"profile": "max"` old content is served while new is made. */
export async function POST(request: Request) {
  let order: Order;
  try {
    order = parseOrder(await request.json());
  } catch (error) {
    return Response.json({ error: (error as Error).message }, { status: 400 });
  }
  if (order.tag !== undefined) revalidateTag(order.tag, order.profile);
  if (order.path !== undefined) revalidatePath(order.path);
  return Response.json({ revalidated: order });
}

function parseOrder(body: unknown): Order {
  if (typeof body !== 'object' || body === null) throw new Error('The body must be a JSON object.');
  const unknown = Object.keys(body).filter((field) => !FIELDS.includes(field));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}. Allowed are ${FIELDS.join(', ')}.`);
  const { tag, path, profile } = body as Record<string, unknown>;
  if (tag === undefined && path === undefined) throw new Error('Say what to revalidate: "tag", "path" or both.');
  if (tag !== undefined && (typeof tag !== 'string' || tag === '')) throw new Error('"tag" must be a string.');
  if (path !== undefined && (typeof path !== 'string' || !path.startsWith('/'))) {
    throw new Error('"path" must begin with "/".');
  }
  return { tag, path, profile: parseProfile(profile) };
}

function parseProfile(profile: unknown): Profile {
  if (profile === undefined) return { expire: 0 };
  if (typeof profile === 'string' && PROFILES.includes(profile)) return profile;
  if (typeof profile === 'object' && profile !== null && 'expire' in profile) {
    const { expire } = profile;
    if (typeof expire === 'number' && Number.isInteger(expire) && expire >= 0) return { expire };
  }
  throw new Error(`"profile" must be ${PROFILES.join(', ')} or { "expire": seconds }.`);
}
