import { readAllStock } from '@/shop/stock';

export const dynamic = 'force-dynamic';

export async function GET() {
  return Response.json({ stock: await readAllStock() });
}
