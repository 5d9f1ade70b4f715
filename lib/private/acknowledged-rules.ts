import { Stack, Validations } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct, type IConstruct } from 'constructs';
import type { NextjsService } from '../nextjs-service';

/**
 * Rules of cdk-nag's AwsSolutions that the constructs break on purpose, and why. A user's own `Validations` may say more, not less.
 *
 * https://github.com/cdklabs/cdk-nag/blob/main/RULES.md
 */
const REASONS = {
  'AwsSolutions-CFR1': 'A site is for the whole world unless `geoRestriction` says otherwise.',
  'AwsSolutions-CFR2': 'A web ACL costs money and judgement: `defaultWebAcl` or `webAclId`.',
  'AwsSolutions-CFR4': "Without a `certificate` CloudFront's own name has CloudFront's own policy for TLS.",
  'AwsSolutions-ECS2': 'The variables are names and numbers; what is secret comes by `secrets`.',
  'AwsSolutions-ELB2':
    "CloudFront's access log has every request that comes by it; `loadBalancerLogBucket` adds the balancer's own.",
  'AwsSolutions-IAM5': 'Objects below a prefix have no names yet, and ecr:GetAuthorizationToken has no resource.',
  'AwsSolutions-SMG4':
    'CloudFormation writes the secret into distribution and rule: rotated without a deployment, it would lock CloudFront out.',
} as const;

type RuleId = keyof typeof REASONS;

function acknowledge(scope: IConstruct, ...ids: RuleId[]): void {
  Validations.of(scope).acknowledge(...ids.map((id) => ({ id, reason: REASONS[id] })));
}

/** Of a new distribution: what its owner has not decided on. */
export function acknowledgeDistribution(
  distribution: cloudfront.Distribution,
  decided: { readonly webAcl: boolean; readonly countries: boolean; readonly certificate: boolean },
): void {
  if (!decided.countries) acknowledge(distribution, 'AwsSolutions-CFR1');
  if (!decided.webAcl) acknowledge(distribution, 'AwsSolutions-CFR2');
  if (!decided.certificate) acknowledge(distribution, 'AwsSolutions-CFR4');
}

/** Of what a service has made itself; what it was given is its owner's. */
export function acknowledgeService(service: NextjsService, loadBalancerLogs: boolean): void {
  const isOwn = (part: IConstruct) => part.node.scopes.includes(service);
  acknowledge(service.taskDefinition, 'AwsSolutions-ECS2');
  acknowledgeFinding(service.taskDefinition.obtainExecutionRole(), 'Resource::*');
  if (isOwn(service.loadBalancer) && !loadBalancerLogs) acknowledge(service.loadBalancer, 'AwsSolutions-ELB2');
}

/** Of the secret by which an internet-facing balancer knows CloudFront. */
export function acknowledgeOriginSecret(secret: secretsmanager.Secret): void {
  acknowledge(secret, 'AwsSolutions-SMG4');
}

/** Of a permission on objects (`bucket/prefix/*`), which cdk-nag names one by one. */
export function acknowledgeObjects(grantee: iam.IGrantable, ...objectArns: string[]): void {
  const principal: unknown = grantee.grantPrincipal;
  if (!Construct.isConstruct(principal)) return;
  for (const arn of objectArns) acknowledgeFinding(principal, `Resource::${inWords(Stack.of(principal).resolve(arn))}`);
}

function acknowledgeFinding(scope: IConstruct, finding: string): void {
  Validations.of(scope).acknowledge({
    id: `AwsSolutions-IAM5[${finding}]`,
    reason: REASONS['AwsSolutions-IAM5'],
  });
}

/** An ARN with references as cdk-nag writes it: `<Bucket.Arn>/site/*`. */
function inWords(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const [[intrinsic, argument] = []] = Object.entries(value as Record<string, unknown>);
  if (intrinsic === 'Fn::Join' && Array.isArray(argument)) {
    return (argument[1] as unknown[]).map(inWords).join(String(argument[0]));
  }
  if (intrinsic === 'Fn::GetAtt' && Array.isArray(argument)) return `<${argument.map(inWords).join('.')}>`;
  if (intrinsic === 'Ref') return `<${inWords(argument)}>`;
  return JSON.stringify(value);
}
