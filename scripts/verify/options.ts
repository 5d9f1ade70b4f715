import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CHECKS } from '../../test/e2e/checks';
import { UserError } from '../../local/user-error';

export interface VerifyOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly keep?: boolean;
  readonly region?: string;
  readonly profile?: string;
  readonly stackName: string;
  readonly url?: string;
  readonly local?: string;
  readonly only?: readonly string[];
  readonly json?: string;
}

export const PART = 'verify-on-aws';

/** The rows of the report that need a deployment of another release. */
export const DEPLOYMENT_CHECKS = ['deployment', 'skew'] as const;

const NAMES: readonly string[] = [...CHECKS.map(({ name }) => name), ...DEPLOYMENT_CHECKS];

export function createCommand(): Command {
  return new Command(PART)
    .description(
      'Deploys the example to your AWS account, checks the site from outside, prints a report and destroys what it deployed. ' +
        'Without --yes it only prints what would be made and what that costs.',
    )
    .option('--dry-run', 'print plan and cost, and end: needs neither an account nor the network (the default)')
    .option('--yes', 'deploy: this costs money')
    .option('--keep', 'leave the stack where it is')
    .option('--region <region>', "region to deploy to (default: your AWS configuration's)")
    .option('--profile <profile>', 'profile of your AWS configuration')
    .option('--stack-name <name>', 'name of the stack', stackName, 'NextjsEcsVerification')
    .option('--url <url>', 'check a storefront that runs there already; nothing is deployed', url)
    .option('--local <url>', 'check the local stack whose control interface is there, with a deployment', url)
    .option('--only <check>', `do this check only; repeatable: ${NAMES.join(', ')}`, checkName)
    .option('--json <file>', 'write plan or report there, too', file)
    .addHelpText('after', HELP)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => {
        write(`${PART}: ${text.replace(/^error: /, '')}`);
      },
    });
}

/** @throws UserError where two options exclude each other */
export function refuseContradictions(options: VerifyOptions): void {
  const { yes, dryRun, keep, url: at, local, region, profile } = options;
  if (yes && dryRun) throw new UserError(`${PART}: --yes and --dry-run exclude each other.`);
  if (at !== undefined && local !== undefined) throw new UserError(`${PART}: --url and --local exclude each other.`);
  if (at === undefined && local === undefined) return;
  const deploys = yes === true || dryRun === true || keep === true || region !== undefined || profile !== undefined;
  if (deploys) {
    throw new UserError(
      `${PART}: --url and --local deploy nothing to AWS: leave out --yes, --dry-run, --keep, --region and --profile.`,
    );
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html */
function stackName(value: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(value)) return value;
  throw new InvalidArgumentError('Must begin with a letter, and have letters, digits and hyphens only, at most 128.');
}

function url(value: string): string {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value.replace(/\/+$/, '');
  throw new InvalidArgumentError('Must be an address that begins with http:// or https://.');
}

function checkName(value: string, previous: readonly string[] = []): string[] {
  if (NAMES.includes(value)) return [...previous, value];
  throw new InvalidArgumentError(`Must be one of ${NAMES.join(', ')}.`);
}

function file(value: string): string {
  return path.resolve(process.env.INIT_CWD ?? '.', value);
}

const HELP = `
Needs for --yes: Docker (or what CDK_DOCKER names), AWS credentials, and an account that was prepared with "npx cdk bootstrap".
Ctrl-C destroys what was deployed; a second one leaves it, and says how to destroy it.

Examples:
  $ scripts/verify-on-aws                                  the plan and its cost
  $ scripts/verify-on-aws --yes --region eu-west-1         deploy, check, destroy: about an hour
  $ scripts/verify-on-aws --local http://127.0.0.1:4001    the same checks on "npm run local" (its Control address)
  $ scripts/verify-on-aws --url https://dxxxxx.cloudfront.net --only revalidation

Exit codes: 0 all is well, 1 a check or a deployment failed, 2 something you gave is wrong or missing, 130 interrupted.`;
