import type { HeaderFields } from './header-fields';
import { booleanOf, listOf, numberOf, propertiesOf, stringOf, stringsOf, type Properties } from './resource';

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html */
export interface ResponseHeadersPolicy {
  readonly id: string;
  readonly name: string;
  /** Names, in lower case, of headers of the origin that viewers do not get. */
  readonly remove: readonly string[];
  /** Custom and security headers. */
  readonly add: readonly AddedHeader[];
  readonly cors?: CorsSettings;
  /** How many per cent of the responses carry `Server-Timing`. */
  readonly serverTimingSamplingRate?: number;
}

interface AddedHeader {
  readonly name: string;
  readonly value: string;
  readonly override: boolean;
}

interface CorsSettings {
  readonly allowCredentials: boolean;
  readonly allowHeaders: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowOrigins: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAge?: number;
  readonly originOverride: boolean;
}

/** From the properties of an `AWS::CloudFront::ResponseHeadersPolicy`. */
export function readResponseHeadersPolicy(id: string, properties: Properties): ResponseHeadersPolicy {
  const config = propertiesOf(properties.ResponseHeadersPolicyConfig);
  const serverTiming = propertiesOf(config.ServerTimingHeadersConfig);
  return {
    id,
    name: stringOf(config.Name) ?? id,
    remove: listOf(propertiesOf(config.RemoveHeadersConfig).Items).map((item) => nameOf(propertiesOf(item))),
    add: [
      ...securityHeaders(propertiesOf(config.SecurityHeadersConfig)),
      ...customHeaders(propertiesOf(config.CustomHeadersConfig)),
    ],
    ...(config.CorsConfig === undefined ? {} : { cors: readCors(propertiesOf(config.CorsConfig)) }),
    ...(booleanOf(serverTiming.Enabled) ? { serverTimingSamplingRate: numberOf(serverTiming.SamplingRate, 0) } : {}),
  };
}

function nameOf(item: Properties): string {
  return (stringOf(item.Header) ?? '').toLowerCase();
}

function customHeaders(config: Properties): AddedHeader[] {
  return listOf(config.Items)
    .map(propertiesOf)
    .map((item) => ({ name: nameOf(item), value: stringOf(item.Value) ?? '', override: booleanOf(item.Override) }));
}

function securityHeaders(config: Properties): AddedHeader[] {
  const headers: AddedHeader[] = [];
  const add = (section: string, name: string, value: (settings: Properties) => string): void => {
    if (config[section] === undefined) return;
    const settings = propertiesOf(config[section]);
    headers.push({ name, value: value(settings), override: booleanOf(settings.Override) });
  };
  add('ContentSecurityPolicy', 'content-security-policy', (settings) => stringOf(settings.ContentSecurityPolicy) ?? '');
  add('ContentTypeOptions', 'x-content-type-options', () => 'nosniff');
  add('FrameOptions', 'x-frame-options', (settings) => stringOf(settings.FrameOption) ?? 'DENY');
  add('ReferrerPolicy', 'referrer-policy', (settings) => stringOf(settings.ReferrerPolicy) ?? '');
  add('StrictTransportSecurity', 'strict-transport-security', hsts);
  add('XSSProtection', 'x-xss-protection', xssProtection);
  return headers;
}

function hsts(settings: Properties): string {
  const parts = [`max-age=${String(numberOf(settings.AccessControlMaxAgeSec, 0))}`];
  if (booleanOf(settings.IncludeSubdomains)) parts.push('includeSubDomains');
  if (booleanOf(settings.Preload)) parts.push('preload');
  return parts.join('; ');
}

function xssProtection(settings: Properties): string {
  if (!booleanOf(settings.Protection)) return '0';
  const report = stringOf(settings.ReportUri);
  return `1${booleanOf(settings.ModeBlock) ? '; mode=block' : ''}${report === undefined ? '' : `; report=${report}`}`;
}

function readCors(config: Properties): CorsSettings {
  const items = (name: string): readonly string[] => stringsOf(propertiesOf(config[name]).Items);
  return {
    allowCredentials: booleanOf(config.AccessControlAllowCredentials),
    allowHeaders: items('AccessControlAllowHeaders'),
    allowMethods: items('AccessControlAllowMethods'),
    allowOrigins: items('AccessControlAllowOrigins'),
    exposeHeaders: items('AccessControlExposeHeaders'),
    ...(config.AccessControlMaxAgeSec === undefined ? {} : { maxAge: numberOf(config.AccessControlMaxAgeSec, 0) }),
    originOverride: booleanOf(config.OriginOverride),
  };
}

/** What of the viewer's request the policy looks at. */
export interface PolicyRequest {
  readonly method: string;
  readonly headers: HeaderFields;
}

/** Changes the headers of a response on its way to the viewer; what is cached stays as the origin sent it. */
export function applyResponseHeadersPolicy(
  policy: ResponseHeadersPolicy,
  request: PolicyRequest,
  response: HeaderFields,
): void {
  if (policy.remove.length > 0) {
    const removed = new Set(policy.remove);
    response.retain((name) => !removed.has(name));
  }
  if (policy.cors !== undefined) applyCors(policy.cors, request, response);
  for (const { name, value, override } of policy.add) put(response, name, value, override);
}

function put(response: HeaderFields, name: string, value: string, override: boolean): void {
  if (override || !response.has(name)) response.set(name, value);
}

/** CORS headers are added only to answers of CORS requests, and those of a preflight only to preflights. */
function applyCors(cors: CorsSettings, request: PolicyRequest, response: HeaderFields): void {
  const origin = request.headers.get('origin');
  if (origin === undefined) return;
  const isCors = (name: string): boolean => name.startsWith('access-control-');
  // Where the origin speaks of CORS itself and may not be overridden, none of the policy's CORS headers is used.
  if (!cors.originOverride && [...response].some(([name]) => isCors(name))) return;
  response.retain((name) => !isCors(name));
  const allowed = allowedOrigin(cors, origin);
  if (allowed === undefined) return;
  response.set('access-control-allow-origin', allowed);
  if (allowed !== '*') response.set('vary', [response.get('vary'), 'Origin'].filter(Boolean).join(', '));
  if (cors.allowCredentials) response.set('access-control-allow-credentials', 'true');
  const preflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
  if (preflight) {
    if (cors.allowMethods.length > 0) response.set('access-control-allow-methods', methods(cors));
    if (cors.allowHeaders.length > 0) response.set('access-control-allow-headers', cors.allowHeaders.join(', '));
    if (cors.maxAge !== undefined) response.set('access-control-max-age', String(cors.maxAge));
  } else if (cors.exposeHeaders.length > 0) {
    response.set('access-control-expose-headers', cors.exposeHeaders.join(', '));
  }
}

function methods(cors: CorsSettings): string {
  return cors.allowMethods.includes('ALL')
    ? 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'
    : cors.allowMethods.join(', ');
}

function allowedOrigin(cors: CorsSettings, origin: string): string | undefined {
  if (cors.allowOrigins.includes('*')) return '*';
  return cors.allowOrigins.some((pattern) => originMatches(pattern, origin)) ? origin : undefined;
}

/** `*.example.com` takes any subdomain; a pattern without a scheme takes both. */
function originMatches(pattern: string, origin: string): boolean {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*');
  return new RegExp(pattern.includes('://') ? `^${expression}$` : `^https?://${expression}$`, 'i').test(origin);
}
