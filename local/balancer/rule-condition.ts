import { BlockList, isIPv6 } from 'node:net';

import { listOf, propertiesOf, stringOf, stringsOf, type Properties } from './resource';

/** What of a request the rules of a listener look at. */
export interface RoutedRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  /** Raw query string. */
  readonly query: string;
  /** Host without its port. */
  readonly host: string;
  readonly sourceIp: string;
  /** All values of a header, by its name in lower case. */
  header(name: string): string | undefined;
}

export type Condition = (request: RoutedRequest) => boolean;

/**
 * A condition of a rule: true when one of its values matches.
 * @throws where the condition's kind is not known
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
 */
export function readCondition(properties: Properties): Condition {
  const field = stringOf(properties.Field);
  const config = (name: string): Properties => propertiesOf(properties[name]);
  const values = (name: string): readonly string[] => [
    ...stringsOf(config(name).Values),
    ...stringsOf(properties.Values),
  ];
  switch (field) {
    case 'path-pattern':
      // Paths are the one thing that is compared with case.
      return anyOf(patterns(values('PathPatternConfig'), config('PathPatternConfig'), ''), (request) => request.path);
    case 'host-header':
      return anyOf(patterns(values('HostHeaderConfig'), config('HostHeaderConfig'), 'i'), (request) => request.host);
    case 'http-header': {
      const name = (stringOf(config('HttpHeaderConfig').HttpHeaderName) ?? '').toLowerCase();
      return anyOf(patterns(values('HttpHeaderConfig'), config('HttpHeaderConfig'), 'i'), (request) =>
        request.header(name),
      );
    }
    case 'http-request-method': {
      const methods = new Set(values('HttpRequestMethodConfig'));
      return (request) => methods.has(request.method);
    }
    case 'query-string':
      return queryCondition(listOf(config('QueryStringConfig').Values).map(propertiesOf));
    case 'source-ip':
      return sourceCondition(values('SourceIpConfig'));
    default:
      throw new Error(
        `cdk-nextjs-ecs/local balancer: a rule's condition has the field "${field ?? ''}"; known are path-pattern, host-header, http-header, http-request-method, query-string, source-ip`,
      );
  }
}

function patterns(values: readonly string[], config: Properties, flags: string): RegExp[] {
  return [
    ...values.map((value) => wildcard(value, flags)),
    ...stringsOf(config.RegexValues).map((value) => new RegExp(value, flags)),
  ];
}

/** `*` is any run of characters, `?` exactly one; a backslash takes either for itself. */
function wildcard(pattern: string, flags: string): RegExp {
  const expression = pattern.replace(/\\[*?]|[\\.+^${}()|[\]*?]/g, (match) => {
    if (match === '*') return '.*';
    if (match === '?') return '.';
    return match.length === 2 ? match : `\\${match}`;
  });
  return new RegExp(`^${expression}$`, `s${flags}`);
}

function anyOf(expressions: readonly RegExp[], value: (request: RoutedRequest) => string | undefined): Condition {
  return (request) => {
    const text = value(request);
    return text !== undefined && expressions.some((expression) => expression.test(text));
  };
}

function queryCondition(pairs: readonly Properties[]): Condition {
  const wanted = pairs.map((pair) => {
    const key = stringOf(pair.Key);
    return {
      key: key === undefined ? undefined : wildcard(key, 'i'),
      value: wildcard(stringOf(pair.Value) ?? '', 'i'),
    };
  });
  return ({ query }) => {
    const present = [...new URLSearchParams(query)];
    return wanted.some(({ key, value }) =>
      present.some(([name, text]) => (key?.test(name) ?? true) && value.test(text)),
    );
  };
}

function sourceCondition(ranges: readonly string[]): Condition {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix = ''] = range.split('/');
    list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return ({ sourceIp }) => list.check(sourceIp, isIPv6(sourceIp) ? 'ipv6' : 'ipv4');
}
