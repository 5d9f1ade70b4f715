export { Balancer, type BalancerOptions, type ListenerAddress } from './balancer';
export type { BalancerEvent } from './balancer-event';
export type { BalancerResource } from './resource';
export type { TargetAddress, TargetHealth, TargetState } from './target';
