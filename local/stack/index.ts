export { LocalStack, type LocalStackOptions, type LocalStackState } from './local-stack';
export { assertPortFree } from './port';
export { Scratch } from './scratch';
