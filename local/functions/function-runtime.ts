/**
 * What runs in a function's process: loads the handler and calls it for each event that comes over the process' channel.
 *
 * It is a text, so that it needs no file that a bundler would have to know. It answers with `{ ready }`, `{ initError }`,
 * and for each event `{ requestId, payload }` or `{ requestId, error }`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
export const FUNCTION_RUNTIME = `
  const { existsSync } = require('node:fs');
  const { join } = require('node:path');
  const { pathToFileURL } = require('node:url');
  const { env } = process;

  const failure = (name, message) => Object.assign(new Error(message), { name });
  const describe = (error) => error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: String(error.stack ?? '').split('\\n') }
    : { errorType: 'Error', errorMessage: typeof error === 'string' ? error : JSON.stringify(error) ?? String(error) };

  const load = async () => {
    const [, folder = '', name = ''] = /^(.*\\/)?([^/]*)$/.exec(env._HANDLER);
    const [file, ...members] = name.split('.');
    const base = join(env.LAMBDA_TASK_ROOT, folder, file);
    const path = ['.js', '.mjs', '.cjs', ''].map((extension) => base + extension).find(existsSync);
    if (path === undefined) throw failure('Runtime.ImportModuleError', "Error: Cannot find module '" + folder + file + "'");
    const loaded = await import(pathToFileURL(path).href);
    const find = (exported) => members.reduce((value, member) => value?.[member], exported);
    const handler = find(loaded) ?? find(loaded.default);
    if (typeof handler !== 'function') throw failure('Runtime.HandlerNotFound', env._HANDLER + ' is undefined or not exported');
    return handler;
  };

  const contextOf = ({ requestId, deadline }) => ({
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: env.CDK_NEXTJS_ECS_FUNCTION_ARN,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  });

  const call = (handler, event, context) => new Promise((resolve, reject) => {
    const callback = (error, result) => (error == null ? resolve(result) : reject(error));
    const result = handler(event, context, callback);
    // A handler with a callback answers through it, unless it returns a promise.
    if (typeof result?.then === 'function') result.then(resolve, reject);
    else if (handler.length < 3) resolve(result);
  });

  const handle = (handler) => async (message) => {
    const { requestId } = message;
    try {
      const result = await call(handler, JSON.parse(message.event), contextOf(message));
      process.send({ requestId, payload: JSON.stringify(result) ?? 'null' });
    } catch (error) {
      console.error('ERROR Invoke Error', error);
      process.send({ requestId, error: describe(error) });
    }
  };

  process.on('disconnect', () => process.exit());
  load().then(
    (handler) => { process.on('message', handle(handler)); process.send({ ready: true }); },
    (error) => { console.error(error); process.send({ initError: describe(error) }, () => process.exit(1)); },
  );
`;
