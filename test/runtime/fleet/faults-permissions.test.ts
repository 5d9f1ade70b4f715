import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { StartedServer, until } from '../server/started-server';
import { Stores } from '../server/stores';

const REQUESTS = 60;

describe.each(requestedVersions())('a server of Next.js %s whose task role may do nothing', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let server: StartedServer;

  beforeAll(async () => {
    [app, stores] = await Promise.all([PackedApp.pack(version), Stores.start()]);
    const denied = { kind: 'error', message: 'User is not authorized to perform this action' } as const;
    stores.s3.calls.interceptor = () => ({ ...denied, statusCode: 403, code: 'AccessDenied' });
    stores.dynamoDb.calls.interceptor = () => ({ ...denied, statusCode: 400, code: 'AccessDeniedException' });
    server = await StartedServer.spawn(app, { environment: stores.environment });
    await until(async () => (await server.health().catch(() => undefined))?.body.includes('["cache"]') === true);
  });

  afterAll(async () => {
    await server.kill();
    await Promise.all([app.remove(), stores.close()]);
  });

  it('answers, says what it is not allowed once an operation, and not a thousand times', async () => {
    for (let request = 0; request < REQUESTS; request += 1) {
      expect((await server.ask(`/posts/denied-${request}`)).status).toBe(200);
    }
    const body = JSON.stringify({ tags: ['denied'] });
    const headers = { 'content-type': 'application/json' };
    for (let call = 0; call < 3; call += 1) {
      expect((await server.ask('/api/revalidate', { method: 'POST', headers, body })).status).toBe(500);
    }
    const named = (): unknown[] =>
      server.logLines
        .filter(({ event }) => event === 'cache.permissionMissing')
        .map(({ level, service, operation, resource }) => [level, service, operation, resource].join(' '))
        .sort();
    await until(() => named().length >= 4);
    expect(named()).toEqual([
      'error dynamodb Query tags',
      'error dynamodb UpdateItem tags',
      'error s3 GetObject cache',
      'error s3 PutObject cache',
    ]);
    expect(server.logLines.length).toBeLessThan(REQUESTS / 2);
  });

  it('is not healthy, so that a deployment does not go on to it', async () => {
    const { status, body } = await server.health();
    expect([status, body]).toEqual([503, '{"status":"starting","waitingFor":["cache"]}']);
  });
});
