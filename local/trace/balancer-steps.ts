import type { Hop, Step } from './request-trace';
import { duration } from './text';

/** What the balancer did with a request. */
export function balancerSteps(hop: Hop): Step[] {
  const { listener, rule, targetGroup, target, task, status, targetFirstByte, reason } = hop;
  const group = targetGroup === undefined ? '' : `, target group ${targetGroup}`;
  const chosen = target === undefined ? '' : ` → ${task ?? target}`;
  const route = step(`listener ${listener}, ${rule === 'default' ? 'default rule' : `rule ${rule}`}${group}${chosen}`);
  if (reason !== undefined) return [route, { ...step(`answered ${status} itself: ${reason}`), tone: 'failure' }];
  const first = targetFirstByte === undefined ? '' : `, first byte after ${duration(targetFirstByte)}`;
  const end = status === 460 ? 'the client left before the answer' : `answered ${status}${first}`;
  return [route, { ...step(end), milliseconds: hop.total, ...(status >= 500 && { tone: 'failure' as const }) }];
}

function step(text: string): Step {
  return { where: 'balancer', text };
}
