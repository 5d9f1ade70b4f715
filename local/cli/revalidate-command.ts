import { StreamProgress } from '../progress';
import { loadRevalidation } from '../revalidation';
import { UserError } from '../user-error';
import { type FoundTarget, targetOfLocalStack, targetOfStack } from './revalidation-target';

/** The options as the command line gives them. */
export interface RevalidateCommandOptions {
  readonly stack?: string;
  readonly local?: string;
  readonly site?: string;
  readonly tag?: readonly string[];
  readonly path?: readonly string[];
  readonly type?: 'page' | 'layout';
  readonly stale?: boolean;
  readonly expire?: number;
  readonly region?: string;
  readonly dryRun?: boolean;
}

const PART = 'cdk-nextjs-ecs revalidate';

/** `cdk-nextjs-ecs revalidate`: writes the rows that the app's own `revalidateTag` and `revalidatePath` would write. */
export async function revalidate(options: RevalidateCommandOptions): Promise<void> {
  const staleFor = staleForOf(options);
  const { tagsOf, revalidate: write } = await loadRevalidation();
  const request = { tags: options.tag, paths: options.path, pathType: options.type };
  const tags = checked(() => tagsOf(request));
  if (tags.length === 0) throw new UserError(`${PART}: there is nothing to revalidate. Give --tag or --path.`);

  const progress = new StreamProgress();
  try {
    progress.step(options.local === undefined ? 'Asking CloudFormation for the site' : 'Asking the local stack');
    const target = await findTarget(options);
    progress.done(target.site);
    if (options.dryRun === true) {
      progress.note(`Nothing is written. These tags of ${target.site} would be, into the table ${target.table}:`);
      process.stdout.write(tags.map((tag) => `${tag}\n`).join(''));
      return;
    }
    let written = 0;
    progress.step(`Revalidating ${tags.length} ${tags.length === 1 ? 'tag' : 'tags'}`);
    try {
      await write({
        ...request,
        ...target,
        staleFor,
        region: options.region,
        onProgress: (count) => (written = count),
      });
    } catch (error) {
      throw new Error(`${PART}: ${written} of ${tags.length} tags were revalidated. ${describe(error)}`, {
        cause: error,
      });
    }
    progress.done();
    progress.note('The tasks have it within their window (a second by default), CloudFront some seconds later.');
  } finally {
    progress.abandon();
  }
}

async function findTarget({ stack, local, site, region }: RevalidateCommandOptions): Promise<FoundTarget> {
  if (stack !== undefined && local === undefined) return targetOfStack(stack, region, site);
  if (local === undefined || stack !== undefined) {
    throw new UserError(
      `${PART}: give either --stack, the name of a deployed stack, or --local, the address of a local stack's control.`,
    );
  }
  const target = await targetOfLocalStack(local, site);
  // It takes any credentials, but the SDK does not go without.
  process.env.AWS_ACCESS_KEY_ID ??= 'local';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local';
  process.env.AWS_REGION ??= 'us-east-1';
  return target;
}

function staleForOf({ stale, expire }: RevalidateCommandOptions): number {
  if (stale === true && expire !== undefined) {
    throw new UserError(`${PART}: --stale and --expire exclude each other: one is without an end.`);
  }
  return stale === true ? Number.POSITIVE_INFINITY : (expire ?? 0);
}

/** What is refused is what the user gave. */
function checked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new UserError(describe(cause), { cause });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
