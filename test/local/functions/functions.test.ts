import { Duration } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { isRunning, until } from '../fleet/support';
import { inlineFunction, start } from './support';

describe('a Lambda function of the template', () => {
  it('answers events', async () => {
    const { stack } = await start((cdk) => inlineFunction(cdk, 'Double', 'return event.number * 2;'));
    const [lambda] = stack.state.functions.functions;
    expect(await stack.invoke(lambda?.name ?? '', { number: 21 })).toMatchObject({ payload: 42 });
    expect(stack.state.functions.functions).toMatchObject([
      { title: 'Double', invocations: 1, errors: 0, instances: 1 },
    ]);
  });

  it('sees its own environment, Lambda’s, the local services and nothing of the developer’s shell', async () => {
    process.env.DEVELOPERS_OWN = 'secret';
    const { stack } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'return { env: process.env, cwd: process.cwd() };', {
        environment: { SITE: 'shop' },
        functionName: 'shop-function',
        memorySize: 256,
      }),
    );
    const { payload } = await stack.invoke('shop-function', {});
    const { env, cwd } = payload as { env: Record<string, string>; cwd: string };
    expect(env).toMatchObject({
      SITE: 'shop',
      AWS_LAMBDA_FUNCTION_NAME: 'shop-function',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: cwd,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'shop-function',
      AWS_ENDPOINT_URL_S3: stack.state.stores.s3.endpoint,
      AWS_ENDPOINT_URL_CLOUDFRONT: stack.state.cloudfront.endpoint,
    });
    expect(env.DEVELOPERS_OWN).toBeUndefined();
  });

  it('sees a context', async () => {
    const { stack } = await start((cdk) =>
      inlineFunction(
        cdk,
        'Function',
        `const { awsRequestId, functionName, invokedFunctionArn, memoryLimitInMB } = context;
         return { awsRequestId, functionName, invokedFunctionArn, memoryLimitInMB, left: context.getRemainingTimeInMillis() };`,
        { functionName: 'clock', timeout: Duration.seconds(40) },
      ),
    );
    const { payload, requestId } = await stack.invoke('clock', {});
    expect(payload).toMatchObject({
      awsRequestId: requestId,
      functionName: 'clock',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:clock',
      memoryLimitInMB: '128',
    });
    const { left } = payload as { left: number };
    expect(left > 0 && left <= 40_000).toBe(true);
  });

  it('is one process for one event after another, and as many as there are events at a time', async () => {
    const { stack } = await start((cdk) =>
      inlineFunction(
        cdk,
        'Function',
        'if (event.wait) await new Promise((f) => setTimeout(f, 200)); return process.pid;',
        {
          functionName: 'pid',
        },
      ),
    );
    const first = (await stack.invoke('pid', {})).payload;
    expect((await stack.invoke('pid', {})).payload).toBe(first);
    const together = await Promise.all([stack.invoke('pid', { wait: true }), stack.invoke('pid', { wait: true })]);
    expect(new Set(together.map(({ payload }) => payload)).size).toBe(2);
  });

  it('refuses events over its reserved concurrency', async () => {
    const { stack } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'await new Promise((f) => setTimeout(f, 100));', {
        functionName: 'one',
        reservedConcurrentExecutions: 1,
      }),
    );
    const first = stack.invoke('one', {});
    await expect(stack.invoke('one', {})).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    expect((await first).functionError).toBeUndefined();
  });

  it('fails with what its handler throws, and says so', async () => {
    const { stack, lines } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'console.log("about to"); throw new TypeError("no catalogue");', {
        functionName: 'broken',
      }),
    );
    const { functionError } = await stack.invoke('broken', {});
    expect(functionError).toMatchObject({ errorType: 'TypeError', errorMessage: 'no catalogue' });
    await until(() => lines.includes('Function: about to'));
    expect(stack.state.functions.functions[0]).toMatchObject({ errors: 1, lastError: 'no catalogue' });
  });

  it('fails when its process ends, and has a new one for the next event', async () => {
    const { stack } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'if (event.crash) process.exit(7); return "fine";', { functionName: 'crashing' }),
    );
    expect((await stack.invoke('crashing', { crash: true })).functionError).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('exit status 7') as string,
    });
    expect((await stack.invoke('crashing', {})).payload).toBe('fine');
  });

  it('is ended when it takes longer than its timeout', async () => {
    const { stack } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'console.log(process.pid); await new Promise((f) => setTimeout(f, 60_000));', {
        functionName: 'slow',
        timeout: Duration.seconds(1),
      }),
    );
    expect((await stack.invoke('slow', {})).functionError).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('Task timed out after 1.00 seconds') as string,
    });
  });

  it('fails in the middle of an event when its process is killed', async () => {
    const { stack, lines } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'console.log("began"); await new Promise((f) => setTimeout(f, 60_000));', {
        functionName: 'victim',
        timeout: Duration.minutes(2),
      }),
    );
    const result = stack.invoke('victim', {});
    await until(() => lines.includes('Function: began'));
    stack.killFunction('victim');
    expect((await result).functionError).toMatchObject({ errorType: 'Runtime.ExitError' });
  });

  it.each([
    ['index.mjs', 'export const handler = async () => "a module";', 'index.handler', 'a module'],
    ['src/app.cjs', 'exports.api = { get: async () => "nested" };', 'src/app.api.get', 'nested'],
    [
      'index.js',
      'exports.handler = (event, context, callback) => callback(null, "called back");',
      'index.handler',
      'called back',
    ],
  ])('runs %s of a staged folder', async (file, source, handler, expected) => {
    const { stack } = await start((cdk, directory) => {
      const code = join(directory, 'code');
      mkdirSync(join(code, 'src'), { recursive: true });
      writeFileSync(join(code, file), source);
      new LambdaFunction(cdk, 'Function', {
        functionName: 'staged',
        runtime: Runtime.NODEJS_22_X,
        handler,
        code: Code.fromAsset(code),
      });
    });
    expect((await stack.invoke('staged', {})).payload).toBe(expected);
  });

  it('runs a staged archive', async () => {
    const { stack } = await start((cdk, directory) => {
      const archive = join(directory, 'code.zip');
      const files = {
        'index.mjs': 'import { x } from "./lib/x.mjs"; export const handler = async () => x;',
        'lib/x.mjs': 'export const x = 7;',
      };
      writeFileSync(
        archive,
        zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))),
      );
      new LambdaFunction(cdk, 'Function', {
        functionName: 'zipped',
        runtime: Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: Code.fromAsset(archive),
      });
    });
    expect((await stack.invoke('zipped', {})).payload).toBe(7);
  });

  it.each([
    ['nothing.handler', "Cannot find module 'nothing'"],
    ['index.missing', 'index.missing is undefined or not exported'],
  ])('fails as %s that is not there', async (handler, message) => {
    const { stack } = await start((cdk) => inlineFunction(cdk, 'Function', '', { functionName: 'lost', handler }));
    expect((await stack.invoke('lost', {})).functionError?.errorMessage).toContain(message);
  });

  it('is named as not run in another language than Node.js', async () => {
    const { stack } = await start((cdk) => {
      new LambdaFunction(cdk, 'Snake', {
        runtime: Runtime.PYTHON_3_13,
        handler: 'index.handler',
        code: Code.fromInline('def handler(event, context): return 1'),
      });
    });
    expect(stack.state.functions.functions).toEqual([]);
    expect(stack.notes).toContain('not run: AWS::Lambda::Function');
  });

  it('leaves no process when the stack is stopped', async () => {
    const { stack } = await start((cdk) =>
      inlineFunction(cdk, 'Function', 'return process.pid;', { functionName: 'pid' }),
    );
    const { payload } = await stack.invoke('pid', {});
    expect(isRunning(payload as number)).toBe(true);
    await stack.stop();
    expect(isRunning(payload as number)).toBe(false);
  });
});
