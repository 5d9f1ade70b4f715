import type { ForwardAction } from './listener-rules';
import { GROUP_COOKIE, readSticky, stickyCookies, stickyTarget } from './stickiness';
import type { Target } from './target';
import type { TargetGroup } from './target-group';

/** Where a request goes, and the cookies that keep the client there. */
export interface Destination {
  readonly group: TargetGroup;
  /** Undefined where the group has none to ask. */
  readonly target: Target | undefined;
  readonly groupCookies: readonly string[];
}

/** @param cookie the client's `Cookie` header */
export function chooseDestination(
  action: ForwardAction,
  targetGroups: ReadonlyMap<string, TargetGroup>,
  cookie: string | undefined,
): Destination {
  const arn = chooseGroup(action, cookie);
  const group = targetGroups.get(arn);
  if (group === undefined) throw new Error(`cdk-nextjs-ecs/local balancer: no target group "${arn}"`);
  const target = group.choose(stickyTarget(group.settings.stickiness, cookie));
  const groupCookies = action.stickiness === undefined ? [] : stickyCookies(GROUP_COOKIE, arn, action.stickiness);
  return { group, target, groupCookies };
}

/** By weight, unless the client's cookie names one of the groups. */
function chooseGroup({ groups, stickiness }: ForwardAction, cookie: string | undefined): string {
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) return only.arn;
  const sticky = stickiness === undefined ? undefined : readSticky(cookie, GROUP_COOKIE);
  if (sticky !== undefined && groups.some(({ arn, weight }) => arn === sticky && weight > 0)) return sticky;
  let left = Math.random() * groups.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = groups.find(({ weight }) => (left -= weight) < 0);
  return (chosen ?? only)?.arn ?? '';
}

/** Why a group has no target to ask, in words for the request log. */
export function describeEmpty({ settings, health }: TargetGroup): string {
  const states = health.map(({ state }) => state).join(', ');
  return `target group ${settings.name} has no target to ask (${states || 'none registered'})`;
}
