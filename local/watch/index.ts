export { followSources } from './follow-sources';
export { Sources } from './sources';
