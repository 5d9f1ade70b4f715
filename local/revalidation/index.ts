export { loadRevalidation } from './module';
export { chooseSite, sitesIn } from './target';
