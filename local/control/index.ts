export { ControlServer } from './control-server';
export type { ControlledStack } from './routes';
