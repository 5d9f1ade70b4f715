/** How the local stack treats a type of resource. */
export type Coverage =
  /** Runs here. */
  | { readonly kind: 'emulated' }
  /** Has no effect that could be seen here. */
  | { readonly kind: 'not-needed'; readonly reason: string }
  /** Would do something in AWS that nothing does here. */
  | { readonly kind: 'not-emulated' };

const EMULATED = [
  'AWS::CloudFront::CachePolicy',
  'AWS::CloudFront::Distribution',
  'AWS::CloudFront::Function',
  'AWS::CloudFront::OriginAccessControl',
  'AWS::CloudFront::OriginRequestPolicy',
  'AWS::CloudFront::ResponseHeadersPolicy',
  'AWS::CloudFront::VpcOrigin',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::ECS::Cluster',
  'AWS::ECS::Service',
  'AWS::ECS::TaskDefinition',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::ElasticLoadBalancingV2::ListenerRule',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::ElasticLoadBalancingV2::TargetGroup',
  'AWS::Events::Rule',
  'AWS::Lambda::Alias',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Version',
  'AWS::S3::Bucket',
  'Custom::CDKBucketDeployment',
];

/** Reasons by the beginning of a type's name; the longest that fits wins. */
const NOT_NEEDED: Readonly<Record<string, string>> = {
  'AWS::ApplicationAutoScaling::': 'the number of replicas is an option',
  'AWS::CDK::Metadata': 'only describes the app',
  'AWS::CertificateManager::': 'viewers connect over plain HTTP to loopback',
  'AWS::CloudWatch::': 'nothing is monitored',
  'AWS::EC2::EIP': 'everything is on loopback',
  'AWS::EC2::EgressOnlyInternetGateway': 'everything is on loopback',
  'AWS::EC2::FlowLog': 'nothing is monitored',
  'AWS::EC2::InternetGateway': 'everything is on loopback',
  'AWS::EC2::NatGateway': 'everything is on loopback',
  'AWS::EC2::NetworkAcl': 'everything is on loopback',
  'AWS::EC2::Route': 'everything is on loopback',
  'AWS::EC2::SecurityGroup': 'everything is on loopback',
  'AWS::EC2::Subnet': 'everything is on loopback',
  'AWS::EC2::VPC': 'everything is on loopback',
  'AWS::ECR::': 'images are run from their staged folders',
  'AWS::IAM::': 'permissions are not checked',
  'AWS::KMS::': 'nothing is encrypted at rest',
  'AWS::Lambda::LayerVersion': 'only the code of deployments',
  'AWS::Lambda::Permission': 'permissions are not checked',
  'AWS::Logs::': 'output goes to the terminal',
  'AWS::Route53::': 'names are resolved by the local stack',
  'AWS::S3::BucketPolicy': 'permissions are not checked',
  'AWS::SecretsManager::Secret': 'references to it are the same everywhere, and stand for its value',
  'AWS::SNS::TopicPolicy': 'permissions are not checked',
  'AWS::SQS::QueuePolicy': 'permissions are not checked',
  'Custom::S3AutoDeleteObjects': 'buckets go with the local stack',
  'Custom::VpcRestrictDefaultSG': 'everything is on loopback',
};

export function coverageOf(type: string): Coverage {
  if (EMULATED.includes(type)) return { kind: 'emulated' };
  const [reason] = Object.entries(NOT_NEEDED)
    .filter(([prefix]) => type.startsWith(prefix))
    .sort(([left], [right]) => right.length - left.length)
    .map(([, text]) => text);
  return reason === undefined ? { kind: 'not-emulated' } : { kind: 'not-needed', reason };
}
