import { App, type Stack, Stack as CdkStack } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Code, Function as LambdaFunction, type FunctionProps, Runtime } from 'aws-cdk-lib/aws-lambda';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import { LocalStack, type LocalStackOptions } from '../../../local/stack';

/** Nothing waits longer than it must. */
export const FAST = { poll: 1, window: 0, firstRetry: 1, longestRetry: 5, invalidation: 0 };

export interface StartedStack {
  readonly stack: LocalStack;
  readonly lines: string[];
}

/** An assembly with one stack, in a folder that goes with the test. */
export async function synthesize(build: (stack: Stack, directory: string) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const app = new App({
    outdir: join(directory, 'cdk.out'),
    analyticsReporting: false,
    postCliContext: { 'aws:cdk:enable-path-metadata': true },
  });
  build(new CdkStack(app, 'Shop'), directory);
  return app.synth().directory;
}

/** Runs a stack that the callback fills; stopped when the test ends. */
export async function start(
  build: (stack: Stack, directory: string) => void,
  options: LocalStackOptions = {},
): Promise<StartedStack> {
  const lines: string[] = [];
  const stack = await LocalStack.start(await synthesize(build), {
    pace: FAST,
    output: (from, line) => lines.push(`${from}: ${line}`),
    ...options,
  });
  onTestFinished(() => stack.stop());
  return { stack, lines };
}

/** A function whose source is the body of an async handler. */
export function inlineFunction(
  stack: Stack,
  id: string,
  body: string,
  props: Partial<FunctionProps> = {},
): LambdaFunction {
  return new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline(`exports.handler = async (event, context) => { ${body} };`),
    ...props,
  });
}

export function streamingTable(stack: Stack): TableV2 {
  return new TableV2(stack, 'Table', {
    tableName: 'tags',
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
  });
}
