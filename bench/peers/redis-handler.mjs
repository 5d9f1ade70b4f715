// https://github.com/fortedigital/nextjs-cache-handler#quick-start, with one connection for all instances that Next.js makes.
import { CacheHandler } from '@fortedigital/nextjs-cache-handler';
import createRedisHandler from '@fortedigital/nextjs-cache-handler/redis-strings';
import { createClient } from '@redis/client';

const client = createClient({ url: process.env.REDIS_URL });
await client.connect();

CacheHandler.onCreation(() => ({ handlers: [createRedisHandler({ client, keyPrefix: 'nextjs:' })] }));

export default CacheHandler;
