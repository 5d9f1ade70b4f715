import { readCondition, type Condition, type RoutedRequest } from './rule-condition';
import {
  booleanOf,
  listOf,
  numberOf,
  propertiesOf,
  stringOf,
  type BalancerResource,
  type Properties,
} from './resource';

export type Action = ForwardAction | RedirectAction | FixedResponseAction;

export interface ForwardAction {
  readonly type: 'forward';
  readonly groups: readonly { readonly arn: string; readonly weight: number }[];
  /** Seconds a client stays with a group; undefined without stickiness. */
  readonly stickiness?: number;
}

export interface RedirectAction {
  readonly type: 'redirect';
  readonly status: number;
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
}

export interface FixedResponseAction {
  readonly type: 'fixed-response';
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Rule {
  /** Number of the rule, or `default`. */
  readonly priority: number | 'default';
  readonly conditions: readonly Condition[];
  readonly action: Action;
}

export interface ListenerSettings {
  readonly arn: string;
  readonly port: number;
  readonly protocol: 'http' | 'https';
  /** In the order of their priority; the last one takes every request. */
  readonly rules: readonly Rule[];
  readonly unsupported: readonly string[];
}

/** A listener with its rules. */
export function readListener(listener: BalancerResource, rules: Iterable<BalancerResource>): ListenerSettings {
  const { physicalId, properties } = listener;
  const own = [...rules].filter((rule) => rule.properties.ListenerArn === physicalId);
  const unsupported: string[] = [];
  const port = numberOf(properties.Port, 80);
  const protocol = stringOf(properties.Protocol) === 'HTTPS' ? 'https' : 'http';
  if (protocol === 'https')
    unsupported.push(`listener ${String(port)}: plain HTTP stands for HTTPS; targets are told https`);
  return {
    arn: physicalId,
    port,
    protocol,
    rules: [
      ...own
        .map((rule) => readRule(rule.properties, unsupported))
        .sort((one, other) => Number(one.priority) - Number(other.priority)),
      { priority: 'default', conditions: [], action: readAction(listOf(properties.DefaultActions), unsupported) },
    ],
    unsupported,
  };
}

/** The first rule whose conditions are all true. */
export function matchRule(rules: readonly Rule[], request: RoutedRequest): Rule {
  const rule = rules.find(({ conditions }) => conditions.every((condition) => condition(request)));
  if (rule === undefined) throw new Error('cdk-nextjs-ecs/local balancer: a listener without a default action');
  return rule;
}

function readRule(properties: Properties, unsupported: string[]): Rule {
  const priority = numberOf(properties.Priority, 0);
  if (listOf(properties.Transforms).length > 0) unsupported.push(`rule ${String(priority)}: transforms do not run`);
  return {
    priority,
    conditions: listOf(properties.Conditions).map((condition) => readCondition(propertiesOf(condition))),
    action: readAction(listOf(properties.Actions), unsupported),
  };
}

/** The routing action comes last; what stands before it authenticates. */
function readAction(actions: readonly unknown[], unsupported: string[]): Action {
  const sorted = actions
    .map(propertiesOf)
    .sort((one, other) => numberOf(one.Order, Infinity) - numberOf(other.Order, Infinity));
  for (const { Type: type } of sorted) {
    if (String(type).startsWith('authenticate')) unsupported.push(`${String(type)}: nobody is asked to sign in`);
  }
  const action = sorted.find(({ Type: type }) => ['forward', 'redirect', 'fixed-response'].includes(String(type)));
  switch (action?.Type) {
    case 'forward':
      return readForward(action);
    case 'redirect':
      return readRedirect(propertiesOf(action.RedirectConfig));
    case 'fixed-response':
      return readFixedResponse(propertiesOf(action.FixedResponseConfig));
    default:
      throw new Error(
        `cdk-nextjs-ecs/local balancer: a listener or rule needs an action forward, redirect or fixed-response; has: ${sorted.map(({ Type: type }) => String(type)).join(', ') || 'none'}`,
      );
  }
}

function readForward(action: Properties): ForwardAction {
  const config = propertiesOf(action.ForwardConfig);
  const stickiness = propertiesOf(config.TargetGroupStickinessConfig);
  const listed = listOf(config.TargetGroups).map(propertiesOf);
  const groups = listed.length > 0 ? listed : [action];
  return {
    type: 'forward',
    groups: groups.map((group) => ({ arn: stringOf(group.TargetGroupArn) ?? '', weight: numberOf(group.Weight, 1) })),
    ...(booleanOf(stickiness.Enabled) ? { stickiness: numberOf(stickiness.DurationSeconds, 3600) } : {}),
  };
}

function readRedirect(config: Properties): RedirectAction {
  return {
    type: 'redirect',
    status: stringOf(config.StatusCode) === 'HTTP_301' ? 301 : 302,
    protocol: stringOf(config.Protocol) ?? '#{protocol}',
    host: stringOf(config.Host) ?? '#{host}',
    port: stringOf(config.Port) ?? '#{port}',
    path: stringOf(config.Path) ?? '/#{path}',
    query: stringOf(config.Query) ?? (config.Query === '' ? '' : '#{query}'),
  };
}

function readFixedResponse(config: Properties): FixedResponseAction {
  return {
    type: 'fixed-response',
    status: numberOf(config.StatusCode, 200),
    contentType: stringOf(config.ContentType) ?? 'text/plain',
    body: stringOf(config.MessageBody) ?? '',
  };
}

/** Where a redirect leads; `#{host}` and the like stand for what the request has. */
export function redirectLocation(action: RedirectAction, request: RoutedRequest, listener: ListenerSettings): string {
  const values: Readonly<Record<string, string>> = {
    protocol: listener.protocol,
    host: request.host,
    port: String(listener.port),
    path: request.path.replace(/^\//, ''),
    query: request.query,
  };
  const fill = (text: string): string => text.replace(/#\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const query = fill(action.query);
  return `${fill(action.protocol).toLowerCase()}://${fill(action.host)}:${fill(action.port)}${fill(action.path)}${query === '' ? '' : `?${query}`}`;
}
