/** Where a stack would be deployed; stands behind the pseudo parameters. */
export interface StackEnvironment {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly urlSuffix: string;
}

/** Account of stacks that do not name one. */
const LOCAL_ACCOUNT = '000000000000';
/** Region of stacks that do not name one. */
const LOCAL_REGION = 'us-east-1';

/** Reads the assembly's `aws://account/region`. */
export function parseEnvironment(stackName: string, environment: string): StackEnvironment {
  const [, account = '', region = ''] = /^aws:\/\/([^/]*)\/([^/]*)$/.exec(environment) ?? [];
  const isChina = region.startsWith('cn-');
  return {
    stackName,
    account: /^\d{12}$/.test(account) ? account : LOCAL_ACCOUNT,
    region: region === '' || region === 'unknown-region' ? LOCAL_REGION : region,
    partition: isChina ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws',
    urlSuffix: isChina ? 'amazonaws.com.cn' : 'amazonaws.com',
  };
}

/** Values of the pseudo parameters; `AWS::NoValue` is not one, for it stands for no value at all. */
export function pseudoParameters(environment: StackEnvironment): Record<string, string | string[]> {
  const { stackName, account, region, partition, urlSuffix } = environment;
  return {
    'AWS::AccountId': account,
    'AWS::NotificationARNs': [],
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::StackId': `arn:${partition}:cloudformation:${region}:${account}:stack/${stackName}/local`,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': urlSuffix,
  };
}

/** Fills the placeholders that asset manifests use in names (`${AWS::AccountId}`, …). */
export function fillPlaceholders(text: string, environment: StackEnvironment): string {
  const values = pseudoParameters(environment);
  return text.replace(/\$\{(AWS::\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
}
