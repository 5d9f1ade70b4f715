import type { ServerResponse } from 'node:http';

/** Reason phrases as ALB writes them. */
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Not Allowed',
  408: 'Request Time-out',
  414: 'Request-URI Too Large',
  463: 'Unknown Error',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

export function statusText(status: number): string {
  return STATUS_TEXTS[status] ?? 'Unknown Error';
}

/** The page that the load balancer itself answers with. */
export function errorPage(status: number): string {
  const title = `${String(status)} ${statusText(status)}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

export interface OwnResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: string;
}

export function sendOwnResponse(
  outgoing: ServerResponse,
  { status, headers = {}, contentType = 'text/html', body = errorPage(status) }: OwnResponse,
): void {
  outgoing.writeHead(status, statusText(status) === 'Unknown Error' ? undefined : statusText(status), {
    server: 'awselb/2.0',
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : body);
}
