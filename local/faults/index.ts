export type { FaultState } from './active-fault';
export { FAULT_KINDS, FAULT_TARGETS, type Fault, type FaultKind, type FaultTarget, readFault } from './fault';
export { Faults } from './faults';
export { FaultyOrigins } from './faulty-origins';
