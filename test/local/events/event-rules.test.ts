import type { Stack } from 'aws-cdk-lib';
import { CfnRule, EventField, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { S3Destination } from 'aws-cdk-lib/aws-lambda-destinations';
import { describe, expect, it } from 'vitest';

import { EventBus, readRule } from '../../../local/events';
import { until } from '../fleet/support';
import { inlineFunction, start } from '../functions/support';

const EVENT = {
  source: 'aws.ecs',
  detailType: 'ECS Deployment State Change',
  resources: ['arn:shop'],
  detail: { eventName: 'SERVICE_DEPLOYMENT_COMPLETED', deploymentId: 'ecs-svc/1', reason: 'said "done"' },
};

function deliveries(...rules: Record<string, unknown>[]) {
  const delivered: [string, unknown][] = [];
  const bus = new EventBus({
    account: '000000000000',
    region: 'us-east-1',
    deliver: (arn, input) => Promise.resolve(delivered.push([arn, input])),
  });
  bus.setRules(
    rules.map((properties, index) =>
      readRule({ logicalId: `Rule${index}`, type: 'AWS::Events::Rule', physicalId: 'rule', properties }),
    ),
  );
  bus.put(EVENT);
  return { delivered, bus };
}

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:f';
const EventPattern = { source: ['aws.ecs'] };

describe('an event rule', () => {
  it('takes the events that it means to its functions', () => {
    const { delivered } = deliveries(
      { EventPattern, Targets: [{ Arn: ARN }] },
      { EventPattern: { source: ['aws.s3'] }, Targets: [{ Arn: 'arn:aws:lambda:::function:other' }] },
      { EventPattern, State: 'DISABLED', Targets: [{ Arn: 'arn:aws:lambda:::function:disabled' }] },
    );
    expect(delivered).toEqual([
      [
        ARN,
        expect.objectContaining({
          version: '0',
          source: 'aws.ecs',
          'detail-type': EVENT.detailType,
          detail: EVENT.detail,
        }),
      ],
    ]);
  });

  it.each<[Record<string, unknown>, unknown]>([
    [{ Input: '{"constant":true}' }, { constant: true }],
    [{ InputPath: '$.detail.eventName' }, 'SERVICE_DEPLOYMENT_COMPLETED'],
    [{ InputPath: '$.resources[0]' }, 'arn:shop'],
    [
      {
        InputTransformer: {
          InputPathsMap: { id: '$.detail.deploymentId', reason: '$.detail.reason', all: '$.detail' },
          InputTemplate: '{"text":"<id>: <reason>","id":<id>,"none":"<nothing>","detail":<all>}',
        },
      },
      { text: 'ecs-svc/1: said "done"', id: 'ecs-svc/1', none: '', detail: EVENT.detail },
    ],
    [
      { InputTransformer: { InputPathsMap: { id: '$.detail.deploymentId' }, InputTemplate: '"deployed <id>"' } },
      'deployed ecs-svc/1',
    ],
  ])('gives its target %j', (input, expected) => {
    const { delivered } = deliveries({ EventPattern, Targets: [{ Arn: ARN, ...input }] });
    expect(delivered).toEqual([[ARN, expected]]);
  });

  it('names schedules and other targets as not run', () => {
    const { bus } = deliveries({ ScheduleExpression: 'rate(1 minute)', Targets: [{ Arn: 'arn:aws:sqs:::queue' }] });
    expect(bus.notes).toEqual([
      'event rule Rule0: its schedule does not run: rate(1 minute)',
      'event rule Rule0: only functions are targets here, not arn:aws:sqs:::queue',
    ]);
  });

  it('is read from what CDK makes of it', async () => {
    const { stack } = await start((cdk: Stack) => {
      const target = new LambdaTarget(inlineFunction(cdk, 'Function', ''), {
        event: RuleTargetInput.fromText(`deployed ${EventField.fromPath('$.detail.deploymentId')}`),
      });
      new Rule(cdk, 'Scheduled', { schedule: Schedule.expression('rate(1 hour)'), targets: [target] });
      new CfnRule(cdk, 'Empty', { eventPattern: { source: ['aws.ecs'] } });
    });
    expect(stack.notes.join()).toContain('its schedule does not run: rate(1 hour)');
  });
});

describe('an event that a function fails to handle', () => {
  it('is tried again, and then kept in the bucket of its destination', async () => {
    const { stack, lines } = await start((cdk) => {
      const bucket = new Bucket(cdk, 'Kept', { bucketName: 'kept' });
      const lambda = inlineFunction(cdk, 'Function', 'console.log("called"); throw new Error("no");', {
        functionName: 'failing',
        onFailure: new S3Destination(bucket),
        retryAttempts: 1,
      });
      new Rule(cdk, 'Rule', { eventPattern: { source: ['aws.ecs'] }, targets: [new LambdaTarget(lambda)] });
    });
    stack.publish(EVENT);
    await stack.settled();
    await until(() => lines.filter((line) => line === 'Function: called').length === 2);
    const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' };
    const { endpoint } = stack.state.stores.s3;
    const listing = await (await fetch(`${endpoint}/kept?list-type=2`, { headers: signed })).text();
    const [, key = ''] = /<Key>([^<]+)<\/Key>/.exec(listing) ?? [];
    expect(key).toMatch(/^aws\/lambda\/async\/failing\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT[\d.]+-[\da-f-]{36}$/);
    expect(await (await fetch(`${endpoint}/kept/${key}`)).json()).toMatchObject({
      version: '1.0',
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 2 },
      requestPayload: { source: 'aws.ecs', detail: EVENT.detail },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'no' },
    });
  });
});
