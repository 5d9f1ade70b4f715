import { spawnSync } from 'node:child_process';
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { UserError } from '../../local/user-error';
import { PART, type VerifyOptions } from './options';

/** The account and region that everything is made in. */
export interface Account {
  readonly id: string;
  readonly region: string;
}

const BOOTSTRAP_STACK = 'CDKToolkit';

/** Lets the CDK and the SDK both go where the options say. */
export function chooseAccount({ profile, region }: Pick<VerifyOptions, 'profile' | 'region'>): void {
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  // The CDK reads either, the SDK only the former.
  const chosen = region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (chosen !== undefined) process.env.AWS_REGION = chosen;
  // Which Node.js the SDK will want next year is nothing that the user of this program can change.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
}

/** Says what is missing before anything is made. */
export async function requireReady(cloudFormation: CloudFormationClient, stack: string): Promise<Account> {
  requireDocker();
  const region = await regionOf(cloudFormation);
  const bootstrap = await ask(cloudFormation, BOOTSTRAP_STACK);
  if (bootstrap === undefined) {
    throw new UserError(
      `${PART}: this account is not bootstrapped in ${region}: it has no stack ${BOOTSTRAP_STACK}. Run once: AWS_REGION=${region} npx cdk bootstrap`,
    );
  }
  if ((await ask(cloudFormation, stack)) !== undefined) {
    throw new UserError(
      `${PART}: there is a stack ${stack} in ${region} already, and what this program deploys it also destroys. ` +
        'Choose another --stack-name; or check that one with --url; or destroy it.',
    );
  }
  return { id: (bootstrap.StackId ?? '').split(':')[4] ?? '', region };
}

async function regionOf(cloudFormation: CloudFormationClient): Promise<string> {
  try {
    return await cloudFormation.config.region();
  } catch (cause) {
    throw new UserError(`${PART}: your AWS configuration names no region. Give --region, or set AWS_REGION.`, {
      cause,
    });
  }
}

/** Undefined where there is no such stack. */
export async function ask(cloudFormation: CloudFormationClient, stack: string): Promise<Stack | undefined> {
  try {
    const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
    return found;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'ValidationError' && error.message.includes('does not exist')) return undefined;
    throw explain(error);
  }
}

const UNCONFIGURED = /CredentialsProviderError|Could not load credentials|could not be found in shared ini/;
const REFUSED =
  /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AccessDenied|InvalidAccessKeyId/;

function explain(cause: Error): Error {
  const text = `${cause.name}: ${cause.message}`;
  if (UNCONFIGURED.test(text)) {
    return new UserError(
      `${PART}: there are no AWS credentials here (${cause.message}). Give --profile, or sign in: "aws sso login", "aws configure", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
      { cause },
    );
  }
  if (REFUSED.test(text)) {
    return new UserError(`${PART}: AWS refuses your credentials (${text}). Sign in again, or give another --profile.`, {
      cause,
    });
  }
  return new Error(`${PART}: CloudFormation could not be asked: ${text}`, { cause });
}

/** https://docs.aws.amazon.com/cdk/v2/guide/build-containers.html */
function requireDocker(): void {
  const docker = process.env.CDK_DOCKER ?? 'docker';
  const { status, error } = spawnSync(docker, ['info'], { stdio: 'ignore' });
  if (status === 0) return;
  const problem = error === undefined ? 'does not reach its daemon ("docker info" fails)' : 'is not installed';
  throw new UserError(
    `${PART}: ${docker} ${problem}, and the image is built with it. Install or start it, or name another builder: CDK_DOCKER=podman`,
  );
}
