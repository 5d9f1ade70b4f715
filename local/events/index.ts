export { type BusEvent, EventBus, type EventBusOptions, type ServiceEvent } from './event-bus';
export { EventPatternError, type Matches, readEventPattern } from './event-pattern';
export { type EventRule, readRule } from './event-rule';
