import type { IncomingMessage } from 'node:http';

import type { Viewer } from './cloudfront-headers';
import { HeaderFields } from './header-fields';

/** A viewer's request as CloudFront sees it; a viewer-request function may replace path, query and headers. */
export interface ViewerRequest {
  readonly method: string;
  /** Raw path, escapes as the viewer wrote them. */
  readonly path: string;
  /** Raw query string without `?`. */
  readonly query: string;
  readonly headers: HeaderFields;
  readonly viewer: Viewer;
  /** Whether the viewer sends a body. */
  readonly hasBody: boolean;
}

export interface ViewerSettings {
  readonly protocol: 'http' | 'https';
  readonly located: Readonly<Record<string, string>>;
}

export function readViewerRequest(message: IncomingMessage, settings: ViewerSettings): ViewerRequest {
  const target = originForm(message.url ?? '/');
  const mark = target.indexOf('?');
  const { remoteAddress, remotePort } = message.socket;
  return {
    method: message.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: HeaderFields.fromRaw(message.rawHeaders),
    viewer: {
      address: (remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, ''),
      port: remotePort ?? 0,
      httpVersion: message.httpVersion,
      protocol: settings.protocol,
      rawHeaders: message.rawHeaders,
      located: settings.located,
    },
    hasBody: message.headers['transfer-encoding'] !== undefined || Number(message.headers['content-length'] ?? 0) > 0,
  };
}

/** A proxy's client may write the whole URL into the request line. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]*(?<rest>.*)$/i.exec(target);
  const rest = absolute?.groups?.rest ?? '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
