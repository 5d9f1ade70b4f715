import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

import type { RevalidationTarget } from '../../contract';
import { chooseSite } from '../revalidation';
import { UserError } from '../user-error';

/** Where the rows are written. */
export interface FoundTarget extends RevalidationTarget {
  /** Address of the local stack's DynamoDB. @default - AWS' own */
  readonly endpoint?: string;
}

/** Asks CloudFormation for the outputs of a stack, of which one says how its site is revalidated. */
export async function targetOfStack(stack: string, region?: string, site?: string): Promise<FoundTarget> {
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return chooseSite(
      (found?.Outputs ?? []).map(({ OutputValue: value }) => value),
      `stack ${stack}`,
      site,
    );
  } catch (error) {
    throw explain(error, stack);
  } finally {
    client.destroy();
  }
}

/** Asks a local stack's control interface. */
export async function targetOfLocalStack(control: string, site?: string): Promise<FoundTarget> {
  const { outputs, stores } = await readState(control);
  const endpoint = stores?.dynamodb?.endpoint;
  if (endpoint === undefined)
    throw new UserError(`${PART}: what answers at ${control} is not the control interface of a local stack.`);
  return { ...chooseSite(Object.values(outputs ?? {}), 'the local stack', site), endpoint };
}

const PART = 'cdk-nextjs-ecs revalidate';

interface LocalState {
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly stores?: { readonly dynamodb?: { readonly endpoint?: string } };
}

async function readState(control: string): Promise<LocalState> {
  try {
    const response = await fetch(new URL('/state', control));
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return (await response.json()) as LocalState;
  } catch (cause) {
    throw new UserError(
      `${PART}: no local stack answers at ${control} (${describe(cause)}). Give the address that "cdk-nextjs-ecs local" calls Control.`,
      { cause },
    );
  }
}

/** Names under which the SDKs say that they do not know who or where they are. */
const UNCONFIGURED = /CredentialsProviderError|Region is missing/;

function explain(error: unknown, stack: string): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const text = `${error.name}: ${error.message}`;
  if (error.message.includes('does not exist')) {
    return new UserError(
      `${PART}: there is no stack ${stack} in this account and region. Check --stack and --region.`,
      {
        cause: error,
      },
    );
  }
  if (UNCONFIGURED.test(text)) {
    return new UserError(
      `${PART}: AWS is not configured here (${error.message}). Set AWS_PROFILE or other credentials, and --region or AWS_REGION.`,
      { cause: error },
    );
  }
  return new Error(`${PART}: CloudFormation could not be asked for stack ${stack}: ${text}`, { cause: error });
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
