export { CustomResourceError } from './custom-resource-error';
export {
  CustomResources,
  type CustomResourceResults,
  type CustomResourcesOptions,
  type CustomResourceTime,
} from './custom-resources';
