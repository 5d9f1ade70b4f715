import { request } from 'node:http';

import { describe, expect, it, onTestFinished } from 'vitest';

import { ControlServer } from '../../../local/control';

async function startControl() {
  const counts = { s3: { GetObject: 3 } };
  const stack = {
    state: { url: 'http://localhost:8080' },
    calls: () => counts,
    resetCalls: () => (counts.s3.GetObject = 0),
  };
  const control = new ControlServer();
  await control.listen(stack, 0);
  onTestFinished(() => control.close());
  return control;
}

/** `fetch` sets no Host header of one's own. */
function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the control server', () => {
  it('answers the state', async () => {
    const { url } = await startControl();
    const response = await fetch(`${url}/state`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ url: 'http://localhost:8080' });
  });

  it('counts calls from the last reset', async () => {
    const { url } = await startControl();
    expect(await (await fetch(`${url}/calls`)).json()).toEqual({ s3: { GetObject: 3 } });
    expect((await fetch(`${url}/calls`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(`${url}/calls`)).json()).toEqual({ s3: { GetObject: 0 } });
  });

  it('names what it answers when asked for something else', async () => {
    const { url } = await startControl();
    const response = await fetch(`${url}/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: 'nothing is at /nothing',
      routes: ['GET /state', 'GET /calls', 'DELETE /calls'],
    });
  });

  it('names the methods of a path', async () => {
    const { url } = await startControl();
    const response = await fetch(`${url}/calls`, { method: 'PUT' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, DELETE');
  });

  it.each([
    [{ host: 'evil.example' }, 403],
    [{ host: 'evil.example:8080' }, 403],
    [{ host: 'localhost:1', origin: 'http://evil.example' }, 403],
    [{ host: 'localhost:1', origin: 'http://localhost:1' }, 200],
    [{ host: '127.0.0.1:1' }, 200],
  ])('answers requests with %j by %i', async (headers, status) => {
    const { url } = await startControl();
    expect(await statusOf(`${url}/state`, headers)).toBe(status);
  });
});
