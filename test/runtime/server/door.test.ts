import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from './packed-app';
import { StartedServer, until } from './started-server';
import { Stores } from './stores';

describe.each(requestedVersions())('at the door of a server of Next.js %s', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let server: StartedServer;

  beforeAll(async () => {
    [app, stores] = await Promise.all([PackedApp.pack(version), Stores.start()]);
    server = await StartedServer.start(app, { environment: stores.environment });
  });

  afterAll(async () => {
    await server.kill();
    await Promise.all([app.remove(), stores.close()]);
  });

  /** All that the server sends back to these lines. */
  async function raw(...lines: string[]): Promise<string> {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return text(socket);
  }

  it('nobody sends Next to another address (GHSA-c4j6-fc7j-m34r)', async () => {
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Version: 13',
    ];
    const target = `GET http://127.0.0.1:${server.port}/api/dynamic HTTP/1.1`;
    expect(await raw(target, 'Host: a', 'Connection: close')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(target, 'Host: a', ...upgrade)).toBe('');
  });

  it('health is answered to whoever asks, before any code of the app', async () => {
    for (const path of ['/__health', '/__health?from=balancer']) {
      const { status, headers, body } = await server.ask(path);
      expect([status, headers['cache-control'], body]).toEqual([200, 'no-store', '{"status":"ok"}']);
    }
    expect((await server.ask('/__health', { method: 'HEAD' })).body).toBe('');
    expect((await server.ask('/__healthy')).status).toBe(404);
  });

  it('requests on one connection do not see one another', async () => {
    const request = (path: string, close = false): string =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;
    const socket = connect(server.port, '127.0.0.1');
    const received = text(socket);
    // Pipelined: a cached page with tags, then an app's own lifetime without, then a page that nobody keeps.
    await until(async () => (await server.ask('/')).headers['cache-control'] === 's-maxage=31536000');
    socket.write(request('/') + request('/api/authorized') + request('/dynamic', true));
    const heads = (await received).split(/(?=HTTP\/1\.1 \d{3} )/).map((answer) => answer.split('\r\n\r\n', 1)[0] ?? '');
    const tags = heads.map((head) => /x-nextjs-cache-tag: (.*)/i.exec(head)?.[1]?.split(',').length ?? 0);
    expect(tags[0]).toBeGreaterThan(2);
    expect(tags.slice(1)).toEqual([2, 0]);
  });
});
