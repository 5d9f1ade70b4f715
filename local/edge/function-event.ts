import { HeaderFields } from './header-fields';
import type { ViewerRequest } from './viewer-request';

/**
 * Translation between messages and the events of CloudFront Functions.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
 */
export interface EventValue {
  value: string;
  attributes?: string;
  multiValue?: { value: string; attributes?: string }[];
}

export type EventValues = Record<string, EventValue>;

export interface EventRequest {
  method: string;
  uri: string;
  querystring: EventValues;
  headers: EventValues;
  cookies: EventValues;
}

export interface EventResponse {
  statusCode: number;
  statusDescription?: string;
  headers?: EventValues;
  cookies?: EventValues;
  body?: string | { encoding?: string; data?: string };
}

export interface FunctionEvent {
  version: '1.0';
  context: { distributionDomainName: string; distributionId: string; eventType: 'viewer-request' | 'viewer-response' };
  viewer: { ip: string };
  request: EventRequest;
  response?: EventResponse;
}

/** What a function returned breaks a rule of CloudFront, which then answers 502. */
export class FunctionValidationError extends Error {
  override readonly name = 'FunctionValidationError';
}

/**
 * Headers that functions neither see nor may add.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
 */
const DISALLOWED =
  /^(?:connection|expect|keep-alive|proxy-(?:authenticate|authorization|connection)|trailer|upgrade|x-accel-(?:buffering|charset|limit-rate|redirect)|x-amz-cf-.*|x-amzn-(?:auth|cf-billing|cf-id|cf-xff|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid)|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const READ_ONLY_OF_REQUESTS = ['cdn-loop', 'content-length', 'host', 'transfer-encoding', 'via'];
const READ_ONLY_OF_RESPONSES = ['warning', 'via'];

const MAX_URL = 8_192;

export function eventRequest(request: ViewerRequest): EventRequest {
  return {
    method: request.method,
    uri: request.path,
    querystring: collect(pairsOf(request.query, '&')),
    headers: collect([...request.headers].filter(([name]) => name !== 'cookie' && !DISALLOWED.test(name))),
    cookies: collect(pairsOf(request.headers.get('cookie') ?? '', /;\s*/)),
  };
}

export function eventResponse(status: number, statusText: string, headers: HeaderFields): EventResponse {
  return {
    statusCode: status,
    statusDescription: statusText,
    headers: collect([...headers].filter(([name]) => name !== 'set-cookie' && !DISALLOWED.test(name))),
    cookies: collectCookies([...headers].filter(([name]) => name === 'set-cookie').map(([, value]) => value)),
  };
}

/** The viewer's request as the function left it. */
export function requestFrom(output: EventRequest, sent: EventRequest, original: ViewerRequest): ViewerRequest {
  if (output.method !== sent.method)
    throw new FunctionValidationError(`request.method is read-only: ${sent.method} became ${output.method}`);
  checkReadOnly(output.headers, sent.headers, READ_ONLY_OF_REQUESTS);
  const headers = headersFrom(output.headers, sent.headers, original.headers);
  if (!same(output.cookies, sent.cookies)) {
    const cookies = expand(output.cookies, sent.cookies).map(([name, { value }]) => `${name}=${value}`);
    if (cookies.length > 0) headers.set('cookie', cookies.join('; '));
  } else {
    const cookie = original.headers.get('cookie');
    if (cookie !== undefined) headers.append('cookie', cookie);
  }
  const query = same(output.querystring, sent.querystring)
    ? original.query
    : queryFrom(output.querystring, sent.querystring);
  return { ...original, path: checkUri(output.uri, query), query, headers };
}

/** Status, headers and body that a function made; no body means that the original one stays. */
export interface FunctionResponse {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: HeaderFields;
  readonly body?: Buffer;
}

export function responseFrom(output: EventResponse, sent: EventResponse, original: HeaderFields): FunctionResponse {
  const { statusCode } = output;
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw new FunctionValidationError(
      `response.statusCode must be an integer from 200 to 599; received ${JSON.stringify(statusCode)}`,
    );
  }
  checkReadOnly(output.headers ?? {}, sent.headers ?? {}, READ_ONLY_OF_RESPONSES);
  const headers = headersFrom(output.headers ?? {}, sent.headers ?? {}, original);
  const cookies = expand(output.cookies ?? {}, sent.cookies ?? {});
  for (const [name, { value, attributes }] of cookies)
    headers.append('set-cookie', `${name}=${value}${attributes ? `; ${attributes}` : ''}`);
  const body = bodyFrom(output.body);
  return {
    status: statusCode,
    ...(output.statusDescription === undefined ? {} : { statusText: output.statusDescription }),
    headers,
    ...(body === undefined ? {} : { body }),
  };
}

function bodyFrom(body: EventResponse['body']): Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  const data = body.data ?? '';
  if (body.encoding !== 'base64') return Buffer.from(data);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(data)) throw new FunctionValidationError('response.body.data is not valid base64');
  return Buffer.from(data, 'base64');
}

function checkUri(uri: string, query: string): string {
  if (typeof uri !== 'string' || !uri.startsWith('/'))
    throw new FunctionValidationError(`request.uri must begin with "/"; received ${JSON.stringify(uri)}`);
  // eslint-disable-next-line no-control-regex -- these are what CloudFront refuses
  if (/[\s#\u0000-\u001f]/.test(uri + query))
    throw new FunctionValidationError('request.uri and querystring must hold no space, control character or "#"');
  if (uri.length + query.length + 1 >= MAX_URL)
    throw new FunctionValidationError(`request.uri with its query must be shorter than ${String(MAX_URL)} characters`);
  return encodeURI(uri).replace(/%25(?=[0-9a-fA-F]{2})/g, '%');
}

function checkReadOnly(output: EventValues, sent: EventValues, names: readonly string[]): void {
  const changed = names.find((name) => !same(output[name], sent[name]));
  if (changed !== undefined) throw new FunctionValidationError(`the header "${changed}" is read-only`);
}

/** Headers that the function does not see stay; those that it sees are as it left them. */
function headersFrom(output: EventValues, sent: EventValues, original: HeaderFields): HeaderFields {
  const headers = new HeaderFields([...original].filter(([name]) => DISALLOWED.test(name)).flat());
  for (const [name, { value }] of expand(output, sent)) {
    if (DISALLOWED.test(name)) throw new FunctionValidationError(`a function must not add the header "${name}"`);
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name))
      throw new FunctionValidationError(`header names are lower-case tokens; received "${name}"`);
    // eslint-disable-next-line no-control-regex -- exactly these characters end or break a header
    if (/[\r\n\u0000]/.test(value))
      throw new FunctionValidationError(`the value of the header "${name}" holds a line break`);
    headers.append(name, value);
  }
  return headers;
}

function queryFrom(output: EventValues, sent: EventValues): string {
  return expand(output, sent)
    .map(([name, { value }]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
}

function pairsOf(text: string, separator: string | RegExp): [string, string][] {
  if (text === '') return [];
  return text
    .split(separator)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const end = pair.indexOf('=');
      return end < 0 ? [pair, ''] : [pair.slice(0, end), pair.slice(end + 1)];
    });
}

function collect(pairs: readonly (readonly [string, string])[]): EventValues {
  const values: EventValues = {};
  for (const [name, value] of pairs) put(values, name, { value });
  return values;
}

function collectCookies(setCookies: readonly string[]): EventValues {
  const values: EventValues = {};
  for (const setCookie of setCookies) {
    const [pair = '', ...attributes] = setCookie.split(/;\s*/);
    const end = pair.indexOf('=');
    const value = {
      value: pair.slice(end + 1),
      ...(attributes.length > 0 ? { attributes: attributes.join('; ') } : {}),
    };
    put(values, end < 0 ? pair : pair.slice(0, end), value);
  }
  return values;
}

/** The first of several values stands in `value` too; all of them in `multiValue`. */
function put(values: EventValues, name: string, value: { value: string; attributes?: string }): void {
  const first = values[name];
  if (first === undefined) values[name] = { ...value };
  else
    (first.multiValue ??= [
      { value: first.value, ...(first.attributes === undefined ? {} : { attributes: first.attributes }) },
    ]).push(value);
}

/** A changed `multiValue` wins over `value`; else a changed `value` replaces the first. */
function expand(output: EventValues, sent: EventValues): [string, { value: string; attributes?: string }][] {
  return Object.entries(output).flatMap(([name, field]) => {
    const single = typeof field === 'string' ? { value: field } : field;
    const all = single.multiValue;
    if (all === undefined) return [[name, checkValue(name, single)]];
    const first = all[0];
    const untouched = same(all, sent[name]?.multiValue);
    const values =
      untouched && first !== undefined && first.value !== single.value
        ? [{ ...first, value: single.value }, ...all.slice(1)]
        : all;
    return values.map((value): [string, { value: string; attributes?: string }] => [name, checkValue(name, value)]);
  });
}

function checkValue<T extends { value: string }>(name: string, field: T): T {
  if (typeof field.value !== 'string')
    throw new FunctionValidationError(
      `"${name}" must be an object with a string "value"; received ${JSON.stringify(field)}`,
    );
  return field;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
