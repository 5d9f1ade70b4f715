import { describe, expect, it } from 'vitest';

import { EventPatternError, readEventPattern } from '../../../local/events';

const EVENT = {
  source: 'aws.ecs',
  resources: ['arn:aws:ecs:us-east-1:000000000000:service/cluster/shop'],
  detail: { eventName: 'SERVICE_DEPLOYMENT_COMPLETED', count: 5, empty: '', none: null, labels: ['x', 'y'] },
  dynamodb: { Keys: { pk: { S: 'shop#tag' }, sk: { S: 'Products' } } },
};

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
describe('an event pattern', () => {
  it.each<[unknown, boolean]>([
    [{ source: ['aws.ecs'] }, true],
    [{ source: ['aws.s3', 'aws.ecs'] }, true],
    [{ source: ['aws'] }, false],
    [{ source: ['aws.ecs'], detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] } }, false],
    [{ resources: ['arn:aws:ecs:us-east-1:000000000000:service/cluster/shop'] }, true],
    [{ detail: { labels: ['y'] } }, true],
    [{ detail: { none: [null] } }, true],
    [{ detail: { count: [5] } }, true],
    [{ detail: { count: ['5'] } }, false],
    [{ missing: { deep: ['x'] } }, false],
    [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'shop#' }] } } } }, true],
    [{ dynamodb: { Keys: { pk: { S: [{ suffix: '#tag' }] } } } }, true],
    [{ dynamodb: { Keys: { pk: { S: [{ prefix: 'blog#' }] } } } }, false],
    [{ dynamodb: { Keys: { sk: { S: [{ 'equals-ignore-case': 'products' }] } } } }, true],
    [{ dynamodb: { Keys: { sk: { S: [{ prefix: { 'equals-ignore-case': 'PROD' } }] } } } }, true],
    [{ dynamodb: { Keys: { sk: { S: [{ wildcard: 'P*d*s' }] } } } }, true],
    [{ dynamodb: { Keys: { sk: { S: [{ wildcard: 'P*x' }] } } } }, false],
    [{ source: [{ 'anything-but': 'aws.s3' }] }, true],
    [{ source: [{ 'anything-but': ['aws.s3', 'aws.ecs'] }] }, false],
    [{ source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
    [{ missing: [{ 'anything-but': 'x' }] }, false],
    [{ missing: [{ exists: false }] }, true],
    [{ detail: { empty: [{ exists: true }] } }, true],
    [{ detail: { eventName: [{ exists: false }] } }, false],
    [{ detail: { count: [{ numeric: ['>', 0, '<=', 5] }] } }, true],
    [{ detail: { count: [{ numeric: ['=', 6] }] } }, false],
    [{ detail: { eventName: [{ numeric: ['>', 0] }] } }, false],
    [{ $or: [{ source: ['aws.s3'] }, { detail: { count: [5] } }] }, true],
    [{ $or: [{ source: ['aws.s3'] }, { detail: { count: [6] } }] }, false],
  ])('%j: %s', (pattern, expected) => {
    expect(readEventPattern(pattern)(EVENT)).toBe(expected);
  });

  it.each([
    ['text'],
    [{ source: 'aws.ecs' }],
    [{ source: [{ cidr: '10.0.0.0/8' }] }],
    [{ n: [{ numeric: ['~', 1] }] }],
  ])('refuses %j', (pattern) => {
    expect(() => readEventPattern(pattern)).toThrow(EventPatternError);
  });
});
