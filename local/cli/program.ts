import { Command, CommanderError } from 'commander';

import { findOwnPackage } from '../bundle/package';
import type { BuildCommandOptions } from './build-command';
import { describeFailure, ExitCode } from './failure';
import type { LocalCommandOptions } from './local-command';
import {
  anyPath,
  architecture,
  container,
  file,
  folder,
  pattern,
  pathType,
  port,
  replicas,
  seconds,
  sitePath,
  url,
  variable,
} from './options';
import type { RevalidateCommandOptions } from './revalidate-command';

const TOOL = 'cdk-nextjs-ecs';

/** Runs the command line tool; fulfilled with its exit code when its work is done. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv, { from: 'user' });
    return ExitCode.SUCCESS;
  } catch (error) {
    // Commander has printed its message already; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.SUCCESS : ExitCode.USER_ERROR;
    const { message, exitCode } = describeFailure(error);
    process.stderr.write(`${message}\n`);
    return exitCode;
  }
}

/** Each action loads its command when it runs: none needs what the others are made of. */
function createProgram(): Command {
  const program = new Command(TOOL)
    .description(
      'Deploys a Next.js app, as it is, on ECS behind CloudFront. This tool packs the app, and runs the whole stack on this machine.',
    )
    .version(findOwnPackage().version)
    .addHelpText('after', PROGRAM_HELP);
  addBuild(program);
  addLocal(program);
  addRevalidate(program);
  for (const command of [program, ...program.commands]) conclude(command);
  return program;
}

function addBuild(program: Command): void {
  program
    .command('build')
    .summary('build a Next.js app and pack it for deployment')
    .description(
      "Runs the app's own build, then packs its result into DIR/.cdk-nextjs-ecs: all that the CDK app and the image need.",
    )
    .argument('<dir>', "the Next.js app's folder", folder)
    .option('--skip-build', 'pack the build that is there instead of building first')
    .option('--include <glob>', 'files that the server reads by names that tracing cannot see; repeatable', pattern)
    .option(
      '--arch <arch>',
      'architecture of the tasks, arm64 or x64 (default: that of the native modules)',
      architecture,
    )
    .option('--dockerfile <file>', 'your own Dockerfile over the bundle, instead of ours', file)
    .addHelpText('after', BUILD_HELP)
    .action(async (directory: string, options: BuildCommandOptions) => {
      const { build } = await import('./build-command');
      await build(directory, options);
    });
}

function addLocal(program: Command): void {
  program
    .command('local')
    .summary('run a synthesized stack on this machine')
    .description(
      'Runs what a CDK app has synthesized: tasks as processes, the load balancer, CloudFront, S3 and DynamoDB, from the template alone. ' +
        'No AWS account, no Docker, no network; everything listens on loopback only.',
    )
    .option(
      '--app <dir>',
      'a built Next.js app, packed and synthesized on the way (default: the example, or else this folder)',
      folder,
    )
    .option('--assembly <dir>', "a CDK app's output (cdk.out) instead of --app", folder)
    .option('--stack <name>', 'the stack to run (default: the one with a distribution)')
    .option('--port <number>', 'port of the site; 0 takes a free one', port, 8080)
    .option('--replicas <number>', "number of tasks (default: the service's desired count)", replicas)
    .option('--env <key=value>', 'an environment variable of the tasks, over the template; repeatable', variable)
    .option('--container <name=dir>', 'folder to run a container of a foreign image in; repeatable', container)
    .option('--control-port <number>', 'port of the control interface; 0 takes a free one', port, 0)
    .option('--data <dir>', 'folder in which buckets and tables outlive the stack (default: they go with it)', anyPath)
    .option('--watch', "build and roll out anew when the app's sources change")
    .option('--explain <path>', "print one request's way and reasons, then end; repeatable", sitePath)
    .option(
      '--control <url>',
      'of --explain: the control interface of the running stack (default: the one that runs)',
      url,
    )
    .option('--json', 'print one line of JSON: the addresses once everything runs, or the way that --explain asks for')
    .option('--verbose', 'print what the replicas print')
    .addHelpText('after', LOCAL_HELP)
    .action(async (options: LocalCommandOptions) => {
      const { local } = await import('./local-command');
      await local(options);
    });
}

function addRevalidate(program: Command): void {
  program
    .command('revalidate')
    .summary('revalidate tags and paths of a deployed site')
    .description(
      "Writes what the app's own revalidateTag and revalidatePath would write, with your AWS credentials; every task and CloudFront follow.",
    )
    .option('--stack <name>', 'the deployed stack that has the site')
    .option('--local <url>', 'the control interface of a local stack instead')
    .option('--site <name>', 'the site, where the stack has several')
    .option('--tag <tag>', 'a tag; repeatable', pattern)
    .option('--path <path>', 'a path without the base path, or a route with --type; repeatable', pattern)
    .option('--type <type>', 'what the paths are routes of: page or layout', pathType)
    .option(
      '--stale',
      'serve the old content while the new one is made, as "max" does (default: nobody sees the old one)',
    )
    .option('--expire <seconds>', 'serve the old content for as long at most while the new one is made', seconds)
    .option('--region <region>', "region of the stack (default: the environment's)")
    .option('--dry-run', 'print the tags that would be revalidated, and write nothing')
    .addHelpText('after', REVALIDATE_HELP)
    .action(async (options: RevalidateCommandOptions) => {
      const { revalidate } = await import('./revalidate-command');
      await revalidate(options);
    });
}

/** Errors of usage read like all others, and none of them ends the process by itself. */
function conclude(command: Command): void {
  const name = command.parent === null ? TOOL : `${TOOL} ${command.name()}`;
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => {
        write(
          `${name}: ${text
            .replace(/^error: /, '')
            .trim()
            .replace(/\s*\n\s*/g, ' ')}\n`,
        );
      },
    });
}

const PROGRAM_HELP = `
Examples:
  $ npx cdk-nextjs-ecs build web          build and pack the app in ./web
  $ npx cdk-nextjs-ecs local --app web    run it as it would run on AWS
  $ npx cdk deploy                        deploy it

Exit codes: 0 done or stopped as asked, 1 something failed, 2 something you gave is wrong or missing.`;

const BUILD_HELP = `
The folder's own "build" script runs if it has one, else "next build". Commit nothing of .cdk-nextjs-ecs; carry it
between CI jobs instead of building twice. The folder's path goes to standard output, everything else to standard error.

Native packages (sharp, database drivers) for another platform than this machine's are fetched with npm where the package
offers them. A Dockerfile of your own has the bundle for its build context and copies server/ to /app/.

Examples:
  $ npx cdk-nextjs-ecs build web                build, then pack
  $ npx cdk-nextjs-ecs build web --skip-build   pack what "next build" has left in web/.next
  $ npx cdk-nextjs-ecs build web --arch arm64 --include 'content/**'`;

const REVALIDATE_HELP = `
Needs cloudformation:DescribeStacks on the stack and dynamodb:UpdateItem on the cache's table. Pages of the Pages Router
carry no tags: only their own res.revalidate() reaches them.

Examples:
  $ npx cdk-nextjs-ecs revalidate --stack Shop --tag products --tag prices
  $ npx cdk-nextjs-ecs revalidate --stack Shop --path /blog/first --path /
  $ npx cdk-nextjs-ecs revalidate --stack Shop --path '/blog/[slug]' --type page --stale
  $ npx cdk-nextjs-ecs revalidate --local http://127.0.0.1:4001 --tag products`;

const LOCAL_HELP = `
Whatever of the template is not run is named. Ctrl-C stops everything and leaves nothing behind (exit code 0); a second
one does not wait for requests under way.

Control is the address of the dashboard, and of an interface that answers JSON: docs/local.md lists its requests.

Examples:
  $ npx cdk-nextjs-ecs local                                  the example, on http://localhost:8080
  $ npx cdk-nextjs-ecs local --app web --replicas 3           your own app, after "next build"
  $ npx cdk-nextjs-ecs local --assembly cdk.out --stack Shop  what "cdk synth" wrote
  $ npx cdk-nextjs-ecs local --assembly cdk.out --container web=../web --env DATABASE_URL=postgres://localhost/shop
  $ npx cdk-nextjs-ecs local --data .local                    with yesterday's objects and items
  $ npx cdk-nextjs-ecs local --explain /products              one request's way through the stack that runs, or one of its own
  $ npx cdk-nextjs-ecs local --json --port 0                  for scripts: {"url":"http://localhost:…","control":…}`;
