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

function statusText(status: number): string {
  return STATUS_TEXTS[status] ?? 'Unknown Error';
}

/** The page that the load balancer itself answers with. */
function errorPage(status: number): string {
  const title = `${String(status)} ${statusText(status)}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

export interface OwnResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: string;
}

export function sendOwnResponse(outgoing: ServerResponse, response: OwnResponse): void {
  const { status } = response;
  const { headers, body } = contentOf(response);
  outgoing.writeHead(status, statusText(status) === 'Unknown Error' ? undefined : statusText(status), headers);
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : body);
}

/** The same where no request could be read, or its connection is not HTTP's any more. It closes the connection. */
export function ownResponseText(response: OwnResponse): string {
  const { headers, body } = contentOf(response);
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${String(response.status)} ${statusText(response.status)}`, ...lines, '', body].join('\r\n');
}

function contentOf({ status, headers, contentType = 'text/html', body = errorPage(status) }: OwnResponse) {
  const length = String(Buffer.byteLength(body));
  return {
    headers: { server: 'awselb/2.0', 'content-type': contentType, 'content-length': length, ...headers },
    body,
  };
}
