import { createHash, createHmac } from 'node:crypto';

import { afterEach, describe, expect, it } from 'vitest';

import {
  FUNCTION_ENCODING,
  FUNCTION_ERRORS,
  FUNCTION_EVENT,
  FUNCTION_HEADERS,
  FUNCTION_LIMITS,
  FUNCTION_LOGS,
  FUNCTION_QUERIES,
  FUNCTION_RUNTIME,
  FUNCTION_STATUS,
  FUNCTION_URI,
  RESTRICTED_FEATURES,
} from './documentation';
import {
  ALL_VIEWER,
  closeAll,
  edgeFunction,
  respond,
  resultOf,
  startEdge,
  startOrigin,
  type Answer,
  type TestEdge,
  type TestOrigin,
} from './support';

afterEach(closeAll);

const ARN = 'arn:aws:cloudfront::000000000000:function/f';

async function withFunction(
  code: string,
  eventType = 'viewer-request',
  headers: Record<string, string | string[]> = {},
): Promise<{ edge: TestEdge; origin: TestOrigin }> {
  const origin = await startOrigin(respond(headers));
  const edge = await startEdge(origin, {
    behavior: { OriginRequestPolicyId: ALL_VIEWER, FunctionAssociations: [{ EventType: eventType, FunctionARN: ARN }] },
    resources: [edgeFunction('f', code)],
  });
  return { edge, origin };
}

async function ask(
  code: string,
  path = '/',
  headers: Record<string, string | string[]> = {},
): Promise<{ answer: Answer; origin: TestOrigin; edge: TestEdge }> {
  const { edge, origin } = await withFunction(code);
  return { answer: await edge.get(path, headers), origin, edge };
}

const show = (expression: string): string =>
  `function handler(event) { return { statusCode: 200, body: JSON.stringify(${expression}) } }`;

describe('the event of a viewer-request function', () => {
  it(`has version, context and viewer (${FUNCTION_EVENT})`, async () => {
    const { answer } = await ask(show('event'));
    expect(JSON.parse(answer.body)).toMatchObject({
      version: '1.0',
      context: {
        distributionDomainName: 'd111111abcdef8.cloudfront.net',
        distributionId: 'E1EXAMPLE',
        eventType: 'viewer-request',
        requestId: answer.headers['x-amz-cf-id'],
      },
      viewer: { ip: '127.0.0.1' },
    });
  });

  it(`has method, raw uri, and queries, headers and cookies with multiValue for duplicates (${FUNCTION_EVENT})`, async () => {
    const { answer } = await ask(show('event.request'), '/a%20b?q=%41&q=2&flag', {
      cookie: 'c=1; d=2; c=3',
      'x-two': ['1', '2'],
    });
    const { headers, ...request } = JSON.parse(answer.body) as { headers: Record<string, unknown> };
    expect(request).toEqual({
      method: 'GET',
      uri: '/a%20b',
      querystring: { q: { value: '%41', multiValue: [{ value: '%41' }, { value: '2' }] }, flag: { value: '' } },
      cookies: { c: { value: '1', multiValue: [{ value: '1' }, { value: '3' }] }, d: { value: '2' } },
    });
    expect(headers['x-two']).toEqual({ value: '1', multiValue: [{ value: '1' }, { value: '2' }] });
    expect(headers).not.toHaveProperty('cookie');
  });

  it(`hides disallowed headers (${FUNCTION_HEADERS})`, async () => {
    const { answer, origin } = await ask(show('Object.keys(event.request.headers)'), '/', {
      'x-forwarded-proto': 'https',
      'x-edge-a': '1',
      connection: 'close',
    });
    expect(JSON.parse(answer.body)).toEqual(['host']);
    expect(origin.requests).toHaveLength(0);
  });
});

describe('a viewer-request function', () => {
  it(`may change uri, queries, headers and cookies, which key and origin then see (${FUNCTION_EVENT})`, async () => {
    const code = `function handler(event) {
      var request = event.request;
      request.uri = '/rewritten';
      request.querystring = { a: { value: '1' }, b: { value: '', multiValue: [{ value: '2' }, { value: '3' }] } };
      delete request.headers['x-gone'];
      request.headers['x-new'] = { value: 'n' };
      request.cookies.added = { value: 'yes' };
      return request;
    }`;
    const { origin, edge } = await ask(code, '/original?z=9', { 'x-gone': '1', 'x-stays': '2', cookie: 'old=1' });
    const [request] = origin.requests;
    expect(request?.url).toBe('/rewritten?a=1&b=2&b=3');
    expect(request?.headers).toMatchObject({ 'x-new': 'n', 'x-stays': '2', cookie: 'added=yes; old=1' });
    expect(request?.headers).not.toHaveProperty('x-gone');
    const [event] = await edge.logged(1);
    expect([event?.url, event?.key]).toEqual(['/original?z=9', '/rewritten?a=1&b=2&b=3']);
  });

  it(`does not change the behaviour by changing the uri (${FUNCTION_URI})`, async () => {
    const origin = await startOrigin();
    const edge = await startEdge(origin, {
      behavior: { FunctionAssociations: [{ EventType: 'viewer-request', FunctionARN: ARN }] },
      behaviors: [{ PathPattern: '/other/*', AllowedMethods: ['GET'] }],
      resources: [
        edgeFunction('f', 'function handler(event) { event.request.uri = "/other/x"; return event.request }'),
      ],
    });
    await edge.get('/');
    expect((await edge.logged(1))[0]?.behavior).toBe('*');
  });

  it(`leaves the raw query alone unless it changes it (${FUNCTION_ENCODING})`, async () => {
    const { origin } = await ask('function handler(event) { return event.request }', '/?b=%41&a=&c');
    expect(origin.requests[0]?.url).toBe('/?b=%41&a=&c');
  });

  it(`may answer itself (${FUNCTION_EVENT})`, async () => {
    const code = `function handler() { return { statusCode: 302, statusDescription: 'Found', headers: { location: { value: '/there' } },
      cookies: { a: { value: '1', attributes: 'Path=/; Secure' } }, body: { encoding: 'base64', data: 'aGk=' } } }`;
    const { answer, origin } = await ask(code);
    expect([answer.status, answer.headers.location, answer.headers['set-cookie'], answer.body]).toEqual([
      302,
      '/there',
      ['a=1; Path=/; Secure'],
      'hi',
    ]);
    expect([resultOf(answer), answer.headers.server, origin.requests.length]).toEqual([
      'FunctionGeneratedResponse',
      'CloudFront',
      0,
    ]);
  });

  it(`may be async (${FUNCTION_RUNTIME})`, async () => {
    const { origin } = await ask(
      'async function handler(event) { await null; event.request.uri = "/later"; return event.request }',
    );
    expect(origin.requests[0]?.url).toBe('/later');
  });

  it(`finds the modules of the runtime, imported or required (${FUNCTION_RUNTIME})`, async () => {
    const code = `import crypto from 'crypto';
      const querystring = require('querystring');
      function handler() { return { statusCode: 200, body: crypto.createHash('sha256').update('a').digest('hex').slice(0, 8) + querystring.stringify({ b: ['1', 2] }) + btoa('c') + Buffer.from('ZA==', 'base64').toString() } }`;
    const { answer } = await ask(code);
    expect(answer.body).toBe('ca978112b=1&b=2Yw==d');
  });

  const ALGORITHMS = ['md5', 'sha1', 'sha256'];
  const ENCODINGS = ['hex', 'base64', 'base64url'] as const;

  it(`hashes and signs as Node.js does (${FUNCTION_RUNTIME})`, async () => {
    const code = show(`(() => {
      const crypto = require('crypto');
      return ${JSON.stringify(ALGORITHMS)}.map((algorithm) => ${JSON.stringify(ENCODINGS)}.map((encoding) => [
        crypto.createHash(algorithm).update('Käse, ').update('1?').digest(encoding),
        crypto.createHmac(algorithm, 'key').update('Käse, 1?').digest(encoding),
      ]));
    })()`);
    expect(JSON.parse((await ask(code)).answer.body)).toEqual(
      ALGORITHMS.map((algorithm) =>
        ENCODINGS.map((encoding) => [
          createHash(algorithm).update('Käse, 1?').digest(encoding),
          createHmac(algorithm, 'key').update('Käse, 1?').digest(encoding),
        ]),
      ),
    );
  });

  it(`gets a buffer of a digest without encoding (${FUNCTION_RUNTIME})`, async () => {
    const { answer } = await ask(show("require('crypto').createHash('sha256').update('a').digest().toString('hex')"));
    expect(JSON.parse(answer.body)).toBe(createHash('sha256').update('a').digest('hex'));
  });

  it(`writes to the log of the request (${FUNCTION_LOGS})`, async () => {
    const { edge } = await ask(
      'function handler(event) { console.log("at", { uri: event.request.uri }); return event.request }',
    );
    expect((await edge.logged(1))[0]?.functions).toMatchObject([
      { name: 'f', eventType: 'viewer-request', logs: ['at {"uri":"/"}'] },
    ]);
  });

  const INVALID: [what: string, doc: string, change: string][] = [
    ['changes Host, which is read-only', FUNCTION_HEADERS, 'request.headers.host = { value: "evil" }'],
    ['removes Host, which is read-only', FUNCTION_HEADERS, 'delete request.headers.host'],
    ['adds Via, which is read-only', FUNCTION_HEADERS, 'request.headers.via = { value: "x" }'],
    ['changes the method', FUNCTION_EVENT, 'request.method = "POST"'],
    [
      'adds X-Forwarded-Proto, which is disallowed',
      FUNCTION_HEADERS,
      'request.headers["x-forwarded-proto"] = { value: "https" }',
    ],
    [
      'adds X-Amz-Cf-Anything, which is disallowed',
      FUNCTION_HEADERS,
      'request.headers["x-amz-cf-anything"] = { value: "1" }',
    ],
    ['writes a header name in upper case', FUNCTION_EVENT, 'request.headers["X-Upper"] = { value: "1" }'],
    ['writes a header whose value is no string', FUNCTION_EVENT, 'request.headers["x-number"] = { value: 1 }'],
    ['begins the uri with something else than a slash', FUNCTION_EVENT, 'request.uri = "no-slash"'],
    ['puts a fragment into the uri', FUNCTION_QUERIES, 'request.uri = "/a#b"'],
    ['makes the URL too long', FUNCTION_URI, 'request.uri = "/" + "a".repeat(9000)'],
  ];
  it.each(INVALID)('is answered for with 502 when it %s (%s)', async (_what, _doc, change) => {
    const { answer, origin } = await ask(
      `function handler(event) { var request = event.request; ${change}; return request }`,
    );
    expect([answer.status, resultOf(answer), origin.requests.length]).toEqual([502, 'FunctionValidationError', 0]);
  });

  const FAILING: [what: string, doc: string, code: string, words: string][] = [
    ['throws', FUNCTION_ERRORS, 'function handler() { throw new Error("broken") }', 'Error: broken'],
    ['rejects', FUNCTION_ERRORS, 'async function handler() { throw new Error("later") }', 'Error: later'],
    ['returns nothing', FUNCTION_ERRORS, 'function handler() {}', 'neither a request nor a response'],
    ['does not end', FUNCTION_ERRORS, 'function handler() { while (true) {} }', 'did not end within'],
    [
      'evaluates code',
      RESTRICTED_FEATURES,
      'function handler() { return eval("1") }',
      'Code generation from strings disallowed',
    ],
    [
      'reaches for the network',
      RESTRICTED_FEATURES,
      'function handler() { return fetch("http://x") }',
      'fetch is not defined',
    ],
    [
      'reaches for timers',
      RESTRICTED_FEATURES,
      'function handler() { setTimeout(function () {}, 1) }',
      'setTimeout is not defined',
    ],
    ['reaches for Node.js', RESTRICTED_FEATURES, 'function handler() { return process.env }', 'process is not defined'],
    [
      'requires a module of Node.js',
      RESTRICTED_FEATURES,
      'function handler() { return require("fs") }',
      "cannot require 'fs'",
    ],
    [
      'hashes by what Node.js has and CloudFront has not',
      FUNCTION_RUNTIME,
      'function handler() { require("crypto").createHash("sha512") }',
      'algorithm must be one of md5, sha1, sha256; received sha512',
    ],
    [
      'encodes a digest by what Node.js has and CloudFront has not',
      FUNCTION_RUNTIME,
      'function handler() { require("crypto").createHmac("sha256", "k").update("a").digest("latin1") }',
      'encoding must be one of hex, base64, base64url; received latin1',
    ],
    [
      'climbs out of its context',
      RESTRICTED_FEATURES,
      'function handler() { return console.log.constructor("return process")() }',
      'Code generation from strings disallowed',
    ],
    [
      'changes the origin, which is not emulated',
      FUNCTION_RUNTIME,
      'import cf from "cloudfront"; function handler(event) { cf.updateRequestOrigin({}); return event.request }',
      'updateRequestOrigin is not emulated',
    ],
  ];
  it.each(FAILING)('is answered for with 503 when it %s (%s)', async (_what, _doc, code, words) => {
    const { answer } = await ask(code);
    expect([answer.status, resultOf(answer)]).toEqual([503, 'FunctionExecutionError']);
    expect(answer.body).toContain(words);
  });

  it(`of more than 10 KB is refused at once (${FUNCTION_LIMITS})`, async () => {
    const code = `function handler(event) { return event.request } // ${'x'.repeat(10_240)}`;
    await expect(withFunction(code)).rejects.toThrow('bytes of code; CloudFront allows 10240');
  });

  it(`without a handler, or with a syntax error, is refused at once (${FUNCTION_RUNTIME})`, async () => {
    await expect(withFunction('var a = 1')).rejects.toThrow(
      'function "f" cannot be loaded: there is no function named handler',
    );
    await expect(withFunction('function handler( {')).rejects.toThrow('function "f" cannot be loaded');
  });

  it.each([
    ['for (const name of Object.keys(event)) name;', 'for...of'],
    ['const { request } = event;', 'destructuring'],
    ['const [first] = Object.keys(event);', 'destructuring'],
    ['const copy = { ...event };', 'spread syntax'],
    ['Math.max(...[1, 2]);', 'spread syntax'],
    ['const path = event.request?.uri;', 'optional chaining'],
    ['class Request {}', 'class'],
    ['const path = (given = event) => given;', 'default values'],
    ['function* paths() { yield event; }', 'generators'],
  ])(
    `with %s, which Node.js understands and CloudFront does not, is refused at once (${FUNCTION_RUNTIME})`,
    async (line, what) => {
      await expect(withFunction(`function handler(event) {\n  ${line}\n  return event.request;\n}`)).rejects.toThrow(
        `function "f" cannot be loaded: CloudFront's runtime does not know ${what} (line 2)`,
      );
    },
  );
});

describe('a viewer-response function', () => {
  it(`may change status, headers, cookies and body (${FUNCTION_EVENT})`, async () => {
    const code = `function handler(event) {
      var response = event.response;
      response.statusCode = 201;
      response.headers['x-seen'] = { value: event.request.uri + ' ' + response.headers['content-type'].value };
      delete response.headers['x-powered-by'];
      response.cookies.b = { value: '2' };
      response.body = 'replaced';
      return response;
    }`;
    const { edge } = await withFunction(code, 'viewer-response', {
      'content-type': 'text/x',
      'x-powered-by': 'x',
      'set-cookie': ['a=1; Path=/'],
    });
    const { status, headers, body } = await edge.get('/p');
    expect([status, headers['x-seen'], headers['x-powered-by'], headers['set-cookie'], body]).toEqual([
      201,
      '/p text/x',
      undefined,
      ['a=1; Path=/', 'b=2'],
      'replaced',
    ]);
  });

  it(`leaves the body alone unless it sets one (${FUNCTION_EVENT})`, async () => {
    const { edge } = await withFunction('function handler(event) { return event.response }', 'viewer-response');
    expect((await edge.get('/')).body).toBe('ok');
  });

  it(`does not run for errors of 400 and above (${FUNCTION_STATUS})`, async () => {
    const { edge, origin } = await withFunction(
      'function handler() { throw new Error("must not run") }',
      'viewer-response',
    );
    origin.answer = (_, response) => response.writeHead(404).end('gone');
    expect((await edge.get('/')).status).toBe(404);
  });

  it(`is answered for with 502 when it adds Via, which is read-only (${FUNCTION_HEADERS})`, async () => {
    const { edge } = await withFunction(
      'function handler(event) { event.response.headers.via = { value: "x" }; return event.response }',
      'viewer-response',
    );
    expect((await edge.get('/')).status).toBe(502);
  });
});
