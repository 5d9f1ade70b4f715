import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { edgeTagOf } from '../../../runtime/http/cache-tags';
import { World } from './fixture';

/** Calls the handler as Lambda does, in a process in which nothing else is alive. */
const CALL = `
  const { handler } = await import(process.argv[1]);
  const result = await handler(JSON.parse(process.argv[2]), { getRemainingTimeInMillis: () => 60_000 });
  process.stdout.write(JSON.stringify(result) + '\\n');
`;

it('the bundled function runs by itself, waits, and writes its metrics', async () => {
  const world = await World.start();
  await world.revalidate(['a']);
  const event = { Records: world.takeRecords() };
  const bundle = new URL('../../../assets/purge/index.mjs', import.meta.url).href;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', CALL, bundle, JSON.stringify(event)],
    {
      env: {
        ...process.env,
        NEXTJS_PURGE_DISTRIBUTION: 'EDIST',
        NEXTJS_PURGE_BUCKET: 'kept',
        NEXTJS_CACHE_SITE: 'shop',
        NEXTJS_PURGE_WAIT: '100',
      },
    },
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(world.cloudFront.items).toEqual([`#${edgeTagOf('a')}`, '#coarse']);
  expect(lines.at(-1)).toEqual({ batchItemFailures: [] });
  expect(lines).toContainEqual(
    expect.objectContaining({
      site: 'shop',
      'purge.tags': 1,
      'purge.items': 2,
      _aws: expect.objectContaining({
        CloudWatchMetrics: [expect.objectContaining({ Namespace: 'cdk-nextjs-ecs', Dimensions: [['site']] })],
      }) as unknown,
    }),
  );
});
