import { viewerRequestCode, type ViewerRequestOptions } from '../../lib/private/viewer-request';
import { EdgeFunction } from '../../local/edge/edge-function';

interface Value {
  value: string;
  multiValue?: Value[];
}

type Values = Record<string, Value>;

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html */
export interface EdgeRequest {
  readonly method: string;
  readonly uri: string;
  readonly querystring: Values;
  readonly headers: Values;
  readonly cookies: Values;
}

/** A request as the function sees it; a list is a header or query that comes several times. */
export function edgeRequest(
  address: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
): EdgeRequest {
  const { pathname, searchParams } = new URL(address, 'https://shop.example.com');
  const queries = [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)] as const);
  return {
    method: 'GET',
    uri: pathname,
    querystring: valuesOf(queries),
    headers: valuesOf([['host', 'shop.example.com'], ...Object.entries(headers)]),
    cookies: {},
  };
}

function valuesOf(entries: readonly (readonly [string, string | readonly string[]])[]): Values {
  return Object.fromEntries(
    entries.map(([name, given]): [string, Value] => {
      const [first = '', ...others] = [given].flat();
      const multiValue = [first, ...others].map((value) => ({ value }));
      return [name, others.length > 0 ? { value: first, multiValue } : { value: first }];
    }),
  );
}

/** The function as the local edge runs it. */
export class EdgeFunctionUnderTest {
  readonly code: string;
  private readonly edgeFunction: EdgeFunction;

  constructor(options: Partial<ViewerRequestOptions>) {
    this.code = viewerRequestCode({ cacheTagHeader: 'x-nextjs-cache-tag', ...options });
    this.edgeFunction = new EdgeFunction({ name: 'viewer-request', code: this.code });
  }

  run(request: EdgeRequest): EdgeRequest {
    return this.edgeFunction.run({ context: {}, request }, 'id').output as EdgeRequest;
  }
}
