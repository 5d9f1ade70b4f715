/**
 * What a CloudFront Function finds in its context beside the language itself. It runs inside: the one function of the host is kept in
 * a closure and taken from the global object, and only text goes through it.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
 */
export const SANDBOX_SETUP = `
(() => {
  'use strict';
  const host = globalThis.__host;
  delete globalThis.__host;
  const call = (...values) => {
    const answer = host(JSON.stringify(values));
    if (answer[0] === '-') throw new Error(answer.slice(1));
    return answer.slice(1);
  };
  const show = (value) => (typeof value === 'string' ? value : value instanceof Error ? String(value) : JSON.stringify(value) ?? String(value));
  const log = (...values) => { call('log', values.map(show).join(' ')); };

  const oneOf = (what, value, names) => {
    if (!names.includes(value)) throw new TypeError(what + ' must be one of ' + names.join(', ') + '; received ' + value);
    return value;
  };
  const digest = (operation, algorithm, key) => {
    oneOf('algorithm', algorithm, ['md5', 'sha1', 'sha256']);
    let data = '';
    const digester = {
      update(text) { data += String(text); return digester; },
      digest(encoding) {
        if (encoding === undefined) return new Buffer(call(operation, algorithm, data, 'base64', key));
        return call(operation, algorithm, data, oneOf('encoding', encoding, ['hex', 'base64', 'base64url']), key);
      },
    };
    return digester;
  };
  const crypto = {
    createHash: (algorithm) => digest('hash', String(algorithm), ''),
    createHmac: (algorithm, key) => digest('hmac', String(algorithm), String(key)),
  };

  const querystring = {
    escape: encodeURIComponent,
    unescape: decodeURIComponent,
    parse(text, separator = '&', equals = '=') {
      const parsed = {};
      for (const pair of String(text).split(separator)) {
        if (pair === '') continue;
        const end = pair.indexOf(equals);
        const name = decodeURIComponent(end < 0 ? pair : pair.slice(0, end));
        const value = end < 0 ? '' : decodeURIComponent(pair.slice(end + equals.length));
        parsed[name] = name in parsed ? [].concat(parsed[name], value) : value;
      }
      return parsed;
    },
    stringify(object, separator = '&', equals = '=') {
      return Object.entries(object)
        .flatMap(([name, values]) => [].concat(values).map((value) => encodeURIComponent(name) + equals + encodeURIComponent(value)))
        .join(separator);
    },
  };

  class Buffer {
    static from(text, encoding = 'utf8') { return new Buffer(call('transcode', String(text), encoding, 'base64')); }
    constructor(base64) { Object.defineProperty(this, 'base64', { value: base64 }); }
    toString(encoding = 'utf8') { return call('transcode', this.base64, 'base64', encoding); }
  }

  const unsupported = (name) => () => { throw new Error(name + ' is not emulated by the local edge'); };
  const emptyStore = {
    get: async (key) => { throw new Error('key value stores are empty in the local edge: no key ' + key); },
    exists: async () => false,
    count: async () => 0,
    meta: unsupported('meta'),
  };
  const cloudfront = {
    kvs: () => emptyStore,
    updateRequestOrigin: unsupported('updateRequestOrigin'),
    selectRequestOriginById: unsupported('selectRequestOriginById'),
    createRequestOriginGroup: unsupported('createRequestOriginGroup'),
  };

  const modules = { cloudfront, crypto, querystring, buffer: { Buffer } };
  const define = (name, value) => { Object.defineProperty(globalThis, name, { value, writable: true, configurable: true }); };
  define('require', (name) => {
    if (!Object.hasOwn(modules, name)) throw new Error("cannot require '" + name + "': CloudFront Functions have " + Object.keys(modules).join(', '));
    return modules[name];
  });
  define('console', { log, error: log });
  define('Buffer', Buffer);
  define('atob', (text) => call('transcode', text, 'base64', 'latin1'));
  define('btoa', (text) => call('transcode', text, 'latin1', 'base64'));
})();
`;

/** Calls the handler with the event that lies in a global, and leaves what it returned in another. */
export const SANDBOX_RUNNER = `
{
  const settle = (value) => { globalThis.__output = JSON.stringify(value); };
  const fail = (error) => { globalThis.__failure = String(error); };
  try {
    const event = JSON.parse(globalThis.__event);
    event.context.requestId = globalThis.__requestId;
    const returned = handler(event);
    if (returned !== null && typeof returned === 'object' && typeof returned.then === 'function') returned.then(settle, fail);
    else settle(returned);
  } catch (error) {
    fail(error);
  }
}
`;
