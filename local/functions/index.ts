export { titleOf } from './function-definition';
export { invokeAsynchronously } from './asynchronous';
export { Functions, type FunctionsOptions } from './functions';
export { type FunctionError, type InvocationResult, ThrottledError } from './invocation';
export { type FunctionState, LambdaFunction } from './lambda-function';
export { type MappingSettings, readMapping } from './mapping-settings';
export { type MappingState, StreamMapping, type StreamPace } from './stream-mapping';
export { type InvokeConfig, readInvokeConfigs } from './invoke-config';
export { keepDiscardedEvent } from './failure-destination';
