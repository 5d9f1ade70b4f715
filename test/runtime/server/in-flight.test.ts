import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import { describe, expect, it } from 'vitest';

import { InFlight } from '../../../runtime/server/in-flight';

function arrive(inFlight: InFlight, url: string): ServerResponse {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.url = url;
  const response = new ServerResponse(request);
  inFlight.add(request, response);
  return response;
}

describe('the requests in flight', () => {
  it('are those whose answers are not closed, in whatever order they end', () => {
    const inFlight = new InFlight();
    const [first, second, third] = ['/1', '/2', '/3'].map((url) => arrive(inFlight, url));
    first?.emit('close');
    expect(inFlight.responses).toEqual(expect.arrayContaining([second, third]));
    expect(inFlight.count).toBe(2);
    third?.emit('close');
    expect(inFlight.responses).toEqual([second]);
    second?.emit('close');
    expect([inFlight.count, inFlight.arrivals]).toEqual([0, 3]);
  });

  it('are told the oldest first, without what their queries say', () => {
    const inFlight = new InFlight();
    const [first] = ['/1', '/2?token=secret', '/3'].map((url) => arrive(inFlight, url));
    first?.emit('close');
    expect(inFlight.describe(1)).toEqual([expect.stringMatching(/^GET \/2 \(\d+ ms\)$/)]);
  });
});
