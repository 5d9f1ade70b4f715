export { run } from './program';
