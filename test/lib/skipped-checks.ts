/** Findings of cfn-lint that are no faults, by rule. */
export const SKIPPED_BY_LINT: Readonly<Record<string, string>> = {
  W3005: 'CDK names the dependency on a role besides the reference, which is one too many and does no harm',
  W3010: 'zones are looked up at the first deployment; in a test without an account they are placeholders',
};

/** Findings of checkov that are decisions, by rule. */
export const SKIPPED_BY_CHECKOV: Readonly<Record<string, string>> = {
  CKV_AWS_2:
    'the internal balancer is reached through a VPC origin, inside of AWS; NextjsIngress.internetFacing speaks HTTPS',
  CKV_AWS_103: 'as CKV_AWS_2: no TLS, so no version of it',
  CKV_AWS_18:
    'the bucket of the access logs does not log its own; a kept one in the stack of a given distribution is its owner’s',
  CKV_AWS_21: 'objects are never overwritten with what must come back: hashed files, cache entries, logs',
  CKV_AWS_26:
    'an alarm says that something is wrong, not what; encryption would need a key of KMS, which costs more than the topic',
  CKV_AWS_65: 'the cluster of the example of an existing one is its owner’s; a new one has Container Insights',
  CKV_AWS_68:
    'a web ACL costs money and judgement: `defaultWebAcl` or `webAclId`; checkov does not see the one of another region',
  CKV_AWS_86: 'access logs of a distribution that was given are its owner’s',
  CKV_AWS_91: "CloudFront's access log has every request; `loadBalancerLogBucket` adds the balancer's",
  CKV_AWS_115: 'one upload a deployment and one reader a shard: nothing that could run away',
  CKV_AWS_116: 'CloudFormation hears of a failed upload; the purge has an S3 destination for its failures',
  CKV_AWS_117: 'the functions speak to AWS only, and a VPC would need endpoints for that',
  CKV_AWS_119: "DynamoDB's own encryption; a key of KMS is for who gives a `table`",
  CKV_AWS_158: 'CloudWatch encrypts logs by itself; a key of KMS would be asked for every line',
  CKV_AWS_173: 'the variables are names and numbers',
  CKV_AWS_174: "without a certificate CloudFront's own name has CloudFront's own policy for TLS",
};
