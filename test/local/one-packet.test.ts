import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { sendAsOnePacket } from '../../local/one-packet';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** What a client reads, a text for each time it is woken. */
async function reads(answer: RequestListener): Promise<{ texts: string[]; closed: Promise<unknown> }> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const texts: string[] = [];
  client.on('data', (chunk) => texts.push(chunk.toString()));
  client.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
  return { texts, closed: once(client, 'close') };
}

describe('what is sent as one packet', () => {
  it('wakes its receiver once, headers, body and end together', async () => {
    const { texts, closed } = await reads((_, response) => {
      sendAsOnePacket(response);
      response.writeHead(200).flushHeaders();
      response.write('one ');
      response.end('two');
    });
    await closed;
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*one [^]*two[^]*0\r\n\r\n$/);
  });

  it('sends headers although the first bytes of the body are not there yet', async () => {
    let finish: () => void = () => undefined;
    const { texts, closed } = await reads((_, response) => {
      sendAsOnePacket(response);
      response.writeHead(200).flushHeaders();
      finish = () => response.end('late');
    });
    await expect.poll(() => texts.join('')).toMatch(/\r\n\r\n$/);
    expect(texts.join('')).not.toContain('late');
    finish();
    await closed;
    expect(texts.join('')).toContain('late');
  });
});
