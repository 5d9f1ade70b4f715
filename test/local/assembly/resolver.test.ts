import { describe, expect, it } from 'vitest';
import { resolveStack, type StackArtifact } from '../../../local/assembly';
import type { TemplateDocument } from '../../../local/assembly/template';

describe('intrinsics', () => {
  it.each([
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
    ['Ref of a parameter', { Ref: 'Size' }, 'large'],
    ['Ref of a list parameter', { Ref: 'Zones' }, ['a', 'b']],
    ['Ref of an SSM parameter', { Ref: 'Version' }, 'ssm:/cdk-bootstrap/version'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'arn:aws:s3:::pictures'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Bucket.Arn' }, 'arn:aws:s3:::pictures'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'Bucket' }, 1]] }, 'a-pictures-1'],
    [
      'Fn::Sub',
      { 'Fn::Sub': '${AWS::Region}/${Bucket}/${Bucket.Arn}/${!Literal}' },
      'eu-west-1/pictures/arn:aws:s3:::pictures/${Literal}',
    ],
    ['Fn::Sub with variables', { 'Fn::Sub': ['${A}-${Size}', { A: { Ref: 'Bucket' } }] }, 'pictures-large'],
    ['Fn::Select', { 'Fn::Select': ['1', ['a', { Ref: 'Bucket' }]] }, 'pictures'],
    ['Fn::Split', { 'Fn::Select': [5, { 'Fn::Split': [':', { 'Fn::GetAtt': ['Bucket', 'Arn'] }] }] }, 'pictures'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Prefixes', { Ref: 'AWS::Region' }, 'id'] }, 'pl-1'],
    ['Fn::FindInMap with a default', { 'Fn::FindInMap': ['Prefixes', 'mars', 'id', { DefaultValue: 'none' }] }, 'none'],
    ['Fn::If', { 'Fn::If': ['IsLarge', { Ref: 'Bucket' }, 'small'] }, 'pictures'],
    ['Fn::GetAZs', { 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
    ['Fn::Base64', { 'Fn::Base64': { Ref: 'Size' } }, 'bGFyZ2U='],
    ['Fn::Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
    ['Fn::Length', { 'Fn::Length': { Ref: 'Zones' } }, 2],
    ['Fn::ToJsonString', { 'Fn::ToJsonString': { bucket: { Ref: 'Bucket' } } }, '{"bucket":"pictures"}'],
    [
      'an attribute of a type that is not modelled',
      { 'Fn::GetAtt': ['Thing', 'Endpoint.Address'] },
      'thing-Thing-Endpoint.Address',
    ],
    [
      'a part of such an attribute',
      { 'Fn::Select': [3, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Thing', 'Entries'] }] }] },
      'thing-Thing-Entries',
    ],
    [
      'a key that only looks like an intrinsic',
      { Condition: { StringEquals: {} } },
      { Condition: { StringEquals: {} } },
    ],
  ])('resolve %s', (_, value, expected) => {
    expect(resolveValue(value)).toEqual(expected);
  });

  it.each([
    [{ 'Fn::And': [{ Condition: 'IsLarge' }, { 'Fn::Not': [{ Condition: 'IsSmall' }] }] }, true],
    [{ 'Fn::Or': [{ Condition: 'IsSmall' }, { 'Fn::Equals': ['1', 1] }] }, true],
    [{ 'Fn::Not': [{ Condition: 'IsLarge' }] }, false],
  ])('evaluate the condition %j', (expression, expected) => {
    const document = { ...template({ 'Fn::If': ['Asked', 'yes', 'no'] }) };
    const { Conditions = {} } = document;
    const stack = resolveStack(artifact({ ...document, Conditions: { ...Conditions, Asked: expression } }));
    expect(stack.resources.get('Subject')?.properties.Value).toBe(expected ? 'yes' : 'no');
  });

  it('leave out what is AWS::NoValue', () => {
    expect(
      resolveValue({ a: { Ref: 'AWS::NoValue' }, b: [1, { 'Fn::If': ['IsSmall', 2, { Ref: 'AWS::NoValue' }] }] }),
    ).toEqual({ b: [1] });
  });

  it.each([
    [
      { Ref: 'Missing' },
      /Resources\.Subject\.Properties\.Value \(Shop\/Subject\): Ref: no resource or parameter named Missing/,
    ],
    [{ 'Fn::Transform': {} }, /Fn::Transform: the local stack does not know Fn::Transform/],
    [{ 'Fn::ImportValue': 'elsewhere' }, /Fn::ImportValue: no stack of the assembly exports elsewhere/],
    [{ 'Fn::Select': [3, ['a']] }, /Fn::Select: index 3 is outside of a list of 1: \["a"\]/],
    [{ 'Fn::FindInMap': ['Prefixes', 'mars', 'id'] }, /Fn::FindInMap: no entry Prefixes \/ mars \/ id/],
    [{ 'Fn::If': ['IsOdd', 1, 2] }, /Fn::If: no condition named IsOdd/],
    [{ Ref: 'Absent' }, /Ref: Absent is not created, because its condition IsSmall is false/],
    [{ Ref: 'Required' }, /Ref: parameter Required has neither a value nor a default/],
    [{ Ref: 'Snake' }, /circular reference: Snake → Tail → Snake/],
    [
      { deep: [{ 'Fn::Join': ['', 'text'] }] },
      /Properties\.Value\.deep\[0\] .*Fn::Join: must be a list; received "text"/,
    ],
  ])('that cannot be resolved name themselves and their place: %j', (value, message) => {
    expect(() => resolveValue(value)).toThrow(message);
  });

  it('take values for parameters', () => {
    const stack = resolveStack(artifact(template({ Ref: 'Required' })), { parameters: { Required: 'given' } });
    expect(stack.resources.get('Subject')?.properties.Value).toBe('given');
  });
});

describe('resources', () => {
  it('whose condition is false are not there', () => {
    const stack = resolveStack(artifact(template('x')));
    expect(stack.resources.has('Absent')).toBe(false);
    expect(() => stack.attribute('Absent', 'Arn')).toThrow(/no resource named Absent in stack Shop/);
  });

  it('without names get deterministic ones, within the limits of their types', () => {
    const stack = resolveStack(artifact({ Resources: { ['Long'.repeat(30)]: { Type: 'AWS::S3::Bucket' } } }));
    const [bucket] = stack.ofType('AWS::S3::Bucket');
    expect(bucket?.physicalId).toMatch(/^shop-long[a-z0-9-]+$/);
    expect(bucket?.physicalId.length).toBeLessThanOrEqual(63);
  });
});

describe('outputs of other stacks', () => {
  const platform = {
    ...artifact({
      Resources: { Store: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'files' } } },
      Outputs: { Name: { Value: { Ref: 'Store' } } },
    }),
    name: 'Platform',
    displayName: 'Platform',
  };
  const asking = (StackName: string, OutputName: string) => {
    const shop = artifact(
      template({ 'Fn::GetStackOutput': { StackName, OutputName, Region: { Ref: 'AWS::Region' } } }),
    );
    return resolveStack(shop, { assembly: { directory: '/', stacks: [shop, platform] } });
  };

  it('need no export, and bring the stack along', () => {
    const stack = asking('Platform', 'Name');
    expect(stack.resources.get('Subject')?.properties.Value).toBe('files');
    expect(stack.resources.get('Platform.Store')?.physicalId).toBe('files');
    expect(stack.outputs['Platform.Name']).toBe('files');
    expect(stack.members.map(({ prefix }) => prefix)).toEqual(['Platform.', '']);
  });

  it('are missed by name', () => {
    expect(() => asking('Platform', 'Other')).toThrow(/no stack Platform of the assembly has an output Other/);
  });

  it('take what custom resources of the other stack have answered', () => {
    const made = new Map([['Platform.Store', { physicalId: 'answered', data: {} }]]);
    const shop = artifact(template({ 'Fn::GetStackOutput': { StackName: 'Platform', OutputName: 'Name' } }));
    const stack = resolveStack(shop, { assembly: { directory: '/', stacks: [shop, platform] }, made });
    expect(stack.resources.get('Subject')?.properties.Value).toBe('answered');
  });
});

function resolveValue(value: unknown): unknown {
  return resolveStack(artifact(template(value))).resources.get('Subject')?.properties.Value;
}

/** A template whose resource `Subject` holds a value to resolve. Cycles and missing parameters are only met when it refers to them. */
function template(value: unknown): TemplateDocument {
  const isAbout = (name: string) => JSON.stringify(value).includes(name);
  return {
    Parameters: {
      Required: { Type: 'String' },
      Size: { Type: 'String', Default: 'large' },
      Version: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/version' },
      Zones: { Type: 'CommaDelimitedList', Default: 'a, b' },
    },
    Mappings: { Prefixes: { 'eu-west-1': { id: 'pl-1' } } },
    Conditions: {
      IsLarge: { 'Fn::Equals': [{ Ref: 'Size' }, 'large'] },
      IsSmall: { 'Fn::Not': [{ Condition: 'IsLarge' }] },
    },
    Resources: {
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'pictures' } },
      Thing: { Type: 'Acme::Things::Thing' },
      Absent: { Type: 'AWS::S3::Bucket', Condition: 'IsSmall' },
      Subject: {
        Type: 'Acme::Things::Subject',
        Properties: { Value: value },
        Metadata: { 'aws:cdk:path': 'Shop/Subject' },
      },
      ...(isAbout('Snake') && {
        Snake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { Ref: 'Tail' } } },
        Tail: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { Ref: 'Snake' } } },
      }),
    },
  };
}

function artifact(document: TemplateDocument): StackArtifact {
  return {
    name: 'Shop',
    displayName: 'Shop',
    environment: {
      stackName: 'Shop',
      account: '000000000000',
      region: 'eu-west-1',
      partition: 'aws',
      urlSuffix: 'amazonaws.com',
    },
    template: document,
    fileAssets: [],
    dockerAssets: [],
  };
}
