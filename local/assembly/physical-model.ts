import { arn, digits, nameOf, type ModelledResource } from './physical-name';

export type AttributeValue = string | readonly string[];

/** What a resource would be called once it is deployed. */
export interface PhysicalResource {
  /** What `Ref` gives. */
  readonly ref: string;
  /** What `Fn::GetAtt` gives, by attribute. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

type Model = (resource: ModelledResource) => PhysicalResource;

/** The types whose names matter to what runs here, or whose attributes are taken apart by common constructs. */
const MODELS: Readonly<Record<string, Model>> = {
  'AWS::ApplicationAutoScaling::ScalableTarget': (resource) => {
    const [id, dimension] = [resource.property('ResourceId'), resource.property('ScalableDimension')];
    return { ref: [id, dimension, resource.property('ServiceNamespace')].map(String).join('|'), attributes: {} };
  },
  'AWS::CloudFront::CachePolicy': withUuid,
  'AWS::CloudFront::CloudFrontOriginAccessIdentity': (resource) => {
    const id = cloudFrontId(resource);
    return { ref: id, attributes: { Id: id, S3CanonicalUserId: digits(resource, 64) } };
  },
  'AWS::CloudFront::Distribution': (resource) => {
    const id = cloudFrontId(resource);
    return { ref: id, attributes: { Id: id, DomainName: `d${digits(resource, 13)}.cloudfront.net` } };
  },
  'AWS::CloudFront::Function': (resource) => {
    const functionArn = arn(resource, 'cloudfront', `function/${nameOf(resource, 'Name', 64)}`, { region: '' });
    const attributes = { FunctionARN: functionArn, 'FunctionMetadata.FunctionARN': functionArn, Stage: 'LIVE' };
    return { ref: functionArn, attributes };
  },
  'AWS::CloudFront::KeyValueStore': (resource) => {
    const id = uuid(resource);
    const storeArn = arn(resource, 'cloudfront', `key-value-store/${id}`, { region: '' });
    return { ref: nameOf(resource, 'Name', 64), attributes: { Id: id, Arn: storeArn, Status: 'READY' } };
  },
  'AWS::CloudFront::OriginAccessControl': (resource) => withId(cloudFrontId(resource)),
  'AWS::CloudFront::OriginRequestPolicy': withUuid,
  'AWS::CloudFront::ResponseHeadersPolicy': withUuid,
  'AWS::CloudFront::VpcOrigin': (resource) => {
    const id = `vo_${digits(resource, 22)}`;
    return {
      ref: id,
      attributes: { Id: id, Arn: arn(resource, 'cloudfront', `vpcorigin/${id}`, { region: '' }), Status: 'Deployed' },
    };
  },
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::EC2::SecurityGroup': (resource) => {
    const id = `sg-${digits(resource, 17)}`;
    return { ref: id, attributes: { GroupId: id, Id: id, VpcId: String(resource.property('VpcId')) } };
  },
  'AWS::EC2::Subnet': (resource) => {
    const id = `subnet-${digits(resource, 17)}`;
    const attributes = {
      AvailabilityZone: String(resource.property('AvailabilityZone')),
      CidrBlock: String(resource.property('CidrBlock')),
      Ipv6CidrBlocks: ['2001:db8::/64'],
      NetworkAclAssociationId: `aclassoc-${digits(resource, 17)}`,
      SubnetId: id,
      VpcId: String(resource.property('VpcId')),
    };
    return { ref: id, attributes };
  },
  'AWS::EC2::VPC': (resource) => {
    const id = `vpc-${digits(resource, 17)}`;
    const attributes = {
      CidrBlock: String(resource.property('CidrBlock')),
      CidrBlockAssociations: [`vpc-cidr-assoc-${digits(resource, 17)}`],
      DefaultNetworkAcl: `acl-${digits(resource, 17)}`,
      DefaultSecurityGroup: `sg-${digits(resource, 16)}0`,
      Ipv6CidrBlocks: ['2001:db8::/56'],
      VpcId: id,
    };
    return { ref: id, attributes };
  },
  'AWS::ECR::Repository': (resource) => {
    const { account, region, urlSuffix } = resource.environment;
    const name = nameOf(resource, 'RepositoryName').toLowerCase();
    const attributes = {
      Arn: arn(resource, 'ecr', `repository/${name}`),
      RepositoryUri: `${account}.dkr.ecr.${region}.${urlSuffix}/${name}`,
    };
    return { ref: name, attributes };
  },
  'AWS::ECS::Cluster': (resource) => {
    const name = nameOf(resource, 'ClusterName');
    return { ref: name, attributes: { Arn: arn(resource, 'ecs', `cluster/${name}`) } };
  },
  'AWS::ECS::Service': (resource) => {
    const name = nameOf(resource, 'ServiceName');
    const cluster = resource.property('Cluster');
    const serviceArn = arn(
      resource,
      'ecs',
      `service/${typeof cluster === 'string' ? cluster.replace(/^.*\//, '') : 'default'}/${name}`,
    );
    return { ref: serviceArn, attributes: { Name: name, ServiceArn: serviceArn } };
  },
  'AWS::ECS::TaskDefinition': (resource) => {
    const definitionArn = arn(resource, 'ecs', `task-definition/${nameOf(resource, 'Family')}:1`);
    return { ref: definitionArn, attributes: { TaskDefinitionArn: definitionArn } };
  },
  'AWS::ElasticLoadBalancingV2::Listener': (resource) => {
    const balancer = String(resource.property('LoadBalancerArn')).replace(/^.*:loadbalancer\//, '');
    const listenerArn = arn(resource, 'elasticloadbalancing', `listener/${balancer}/${digits(resource, 16)}`);
    return { ref: listenerArn, attributes: { ListenerArn: listenerArn } };
  },
  'AWS::ElasticLoadBalancingV2::ListenerRule': (resource) => {
    const listener = String(resource.property('ListenerArn')).replace(/^.*:listener\//, '');
    const ruleArn = arn(resource, 'elasticloadbalancing', `listener-rule/${listener}/${digits(resource, 16)}`);
    return { ref: ruleArn, attributes: { RuleArn: ruleArn, IsDefault: 'false' } };
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancer,
  'AWS::ElasticLoadBalancingV2::TargetGroup': (resource) => {
    const name = nameOf(resource, 'Name', 32);
    const fullName = `targetgroup/${name}/${digits(resource, 16)}`;
    const groupArn = arn(resource, 'elasticloadbalancing', fullName);
    const attributes = {
      TargetGroupArn: groupArn,
      TargetGroupFullName: fullName,
      TargetGroupName: name,
      LoadBalancerArns: [arn(resource, 'elasticloadbalancing', `loadbalancer/app/${name}/${digits(resource, 16)}`)],
    };
    return { ref: groupArn, attributes };
  },
  'AWS::Events::Rule': (resource) => {
    const name = nameOf(resource, 'Name', 64);
    return { ref: name, attributes: { Arn: arn(resource, 'events', `rule/${name}`) } };
  },
  'AWS::IAM::ManagedPolicy': (resource) => {
    const policyArn = arn(resource, 'iam', `policy/${nameOf(resource, 'ManagedPolicyName')}`, { region: '' });
    return { ref: policyArn, attributes: { PolicyArn: policyArn } };
  },
  'AWS::IAM::Role': (resource) => {
    const name = nameOf(resource, 'RoleName', 64);
    const attributes = {
      Arn: arn(resource, 'iam', `role/${name}`, { region: '' }),
      RoleId: `AROA${digits(resource, 16).toUpperCase()}`,
    };
    return { ref: name, attributes };
  },
  'AWS::KMS::Key': (resource) => {
    const id = uuid(resource);
    return { ref: id, attributes: { Arn: arn(resource, 'kms', `key/${id}`), KeyId: id } };
  },
  'AWS::Lambda::Alias': (resource) => {
    const name = String(resource.property('FunctionName')).replace(/^.*:function:/, '');
    const aliasArn = arn(resource, 'lambda', `function:${name}:${String(resource.property('Name'))}`);
    return { ref: aliasArn, attributes: { AliasArn: aliasArn } };
  },
  'AWS::Lambda::EventSourceMapping': (resource) => {
    const id = uuid(resource);
    return {
      ref: id,
      attributes: { Id: id, EventSourceMappingArn: arn(resource, 'lambda', `event-source-mapping:${id}`) },
    };
  },
  'AWS::Lambda::Function': (resource) => {
    const name = nameOf(resource, 'FunctionName', 64);
    return { ref: name, attributes: { Arn: arn(resource, 'lambda', `function:${name}`) } };
  },
  'AWS::Lambda::LayerVersion': (resource) => {
    const versionArn = arn(resource, 'lambda', `layer:${nameOf(resource, 'LayerName', 140)}:1`);
    return { ref: versionArn, attributes: { LayerVersionArn: versionArn } };
  },
  'AWS::Lambda::Version': (resource) => {
    const name = String(resource.property('FunctionName')).replace(/^.*:function:/, '');
    const versionArn = arn(resource, 'lambda', `function:${name}:1`);
    return { ref: versionArn, attributes: { FunctionArn: versionArn, Version: '1' } };
  },
  'AWS::Logs::LogGroup': (resource) => {
    const name = nameOf(resource, 'LogGroupName', 512);
    return { ref: name, attributes: { Arn: arn(resource, 'logs', `log-group:${name}:*`) } };
  },
  'AWS::S3::Bucket': bucket,
  'AWS::SecretsManager::Secret': (resource) => {
    const secretArn = arn(resource, 'secretsmanager', `secret:${nameOf(resource, 'Name', 512)}-${digits(resource, 6)}`);
    return { ref: secretArn, attributes: { Id: secretArn } };
  },
  'AWS::SNS::Topic': (resource) => {
    const name = nameOf(resource, 'TopicName', 256);
    const topicArn = arn(resource, 'sns', name);
    return { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: name } };
  },
  'AWS::SQS::Queue': (resource) => {
    const { account, region, urlSuffix } = resource.environment;
    const name = nameOf(resource, 'QueueName', 80);
    const url = `https://sqs.${region}.${urlSuffix}/${account}/${name}`;
    return { ref: url, attributes: { Arn: arn(resource, 'sqs', name), QueueName: name, QueueUrl: url } };
  },
  'AWS::SSM::Parameter': (resource) => ({
    ref: nameOf(resource, 'Name', 512),
    attributes: { Type: String(resource.property('Type')), Value: String(resource.property('Value')) },
  }),
  'Custom::CDKBucketDeployment': (resource) => {
    const destination = `arn:${resource.environment.partition}:s3:::${String(resource.property('DestinationBucketName'))}`;
    const attributes = {
      DestinationBucketArn: destination,
      SourceObjectKeys: strings(resource.property('SourceObjectKeys')),
    };
    return { ref: `aws.cdk.s3deployment.${uuid(resource)}`, attributes };
  },
};

/** What a resource would be called; a type without a model has a `Ref` in CloudFormation's manner and no attributes. */
export function physicalResource(resource: ModelledResource): PhysicalResource {
  return MODELS[resource.type]?.(resource) ?? { ref: nameOf(resource, 'Name', 255), attributes: {} };
}

/** A stand-in for an attribute that the model does not know, in the form that its name suggests. */
export function placeholderAttribute(resource: ModelledResource, attribute: string): string {
  const [, service = 'custom', kind = 'resource'] = resource.type.toLowerCase().split('::');
  const name = `${kind}-${resource.logicalId}-${attribute}`;
  return /arn$/i.test(attribute) ? arn(resource, service, name) : name;
}

function bucket(resource: ModelledResource): PhysicalResource {
  const { region, partition, urlSuffix } = resource.environment;
  const name = nameOf(resource, 'BucketName', 63).toLowerCase();
  const attributes = {
    Arn: `arn:${partition}:s3:::${name}`,
    DomainName: `${name}.s3.${urlSuffix}`,
    DualStackDomainName: `${name}.s3.dualstack.${region}.${urlSuffix}`,
    RegionalDomainName: `${name}.s3.${region}.${urlSuffix}`,
    WebsiteURL: `http://${name}.s3-website-${region}.${urlSuffix}`,
  };
  return { ref: name, attributes };
}

function table(resource: ModelledResource): PhysicalResource {
  const name = nameOf(resource, 'TableName', 255);
  const tableArn = arn(resource, 'dynamodb', `table/${name}`);
  return {
    ref: name,
    attributes: { Arn: tableArn, StreamArn: `${tableArn}/stream/2026-01-01T00:00:00.000`, TableId: uuid(resource) },
  };
}

function loadBalancer(resource: ModelledResource): PhysicalResource {
  const { region, urlSuffix } = resource.environment;
  const name = nameOf(resource, 'Name', 32);
  const kind = resource.property('Type') === 'network' ? 'net' : 'app';
  const fullName = `${kind}/${name}/${digits(resource, 16)}`;
  const balancerArn = arn(resource, 'elasticloadbalancing', `loadbalancer/${fullName}`);
  const scheme = resource.property('Scheme') === 'internal' ? 'internal-' : '';
  const attributes = {
    CanonicalHostedZoneID: `Z${digits(resource, 13).toUpperCase()}`,
    DNSName: `${scheme}${name}-${digits(resource, 10)}.${region}.elb.${urlSuffix}`.toLowerCase(),
    LoadBalancerArn: balancerArn,
    LoadBalancerFullName: fullName,
    LoadBalancerName: name,
    SecurityGroups: strings(resource.property('SecurityGroups')),
  };
  return { ref: balancerArn, attributes };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function withUuid(resource: ModelledResource): PhysicalResource {
  return withId(uuid(resource));
}

function withId(id: string): PhysicalResource {
  return { ref: id, attributes: { Id: id } };
}

function uuid(resource: ModelledResource): string {
  return digits(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function cloudFrontId(resource: ModelledResource): string {
  return `E${digits(resource, 13).toUpperCase()}`;
}
