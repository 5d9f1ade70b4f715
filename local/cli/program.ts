import { Command, CommanderError } from 'commander';

import { findOwnPackage } from '../bundle/package';
import { build } from './build-command';
import { describeFailure, ExitCode } from './failure';
import { local, type LocalCommandOptions } from './local-command';
import { container, folder, port, replicas, variable } from './options';

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

function createProgram(): Command {
  const program = new Command(TOOL)
    .description(
      'Deploys a Next.js app, as it is, on ECS behind CloudFront. This tool packs the app, and runs the whole stack on this machine.',
    )
    .version(findOwnPackage().version)
    .addHelpText('after', PROGRAM_HELP);
  addBuild(program);
  addLocal(program);
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
    .addHelpText('after', BUILD_HELP)
    .action(async (directory: string, options: { skipBuild?: boolean }) => {
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
    .option('--json', 'print one line of JSON with the addresses once everything runs')
    .option('--verbose', 'print what the replicas print')
    .addHelpText('after', LOCAL_HELP)
    .action(async (options: LocalCommandOptions) => {
      await local(options);
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

Examples:
  $ npx cdk-nextjs-ecs build web                build, then pack
  $ npx cdk-nextjs-ecs build web --skip-build   pack what "next build" has left in web/.next`;

const LOCAL_HELP = `
Whatever of the template is not run is named. Ctrl-C stops everything and leaves nothing behind (exit code 0); a second
one does not wait for requests under way.

The control interface answers JSON:
  GET /state      what runs: addresses, replicas, build
  GET /calls      calls of AWS APIs by service and operation
  DELETE /calls   counts from zero again

Examples:
  $ npx cdk-nextjs-ecs local                                  the example, on http://localhost:8080
  $ npx cdk-nextjs-ecs local --app web --replicas 3           your own app, after "next build"
  $ npx cdk-nextjs-ecs local --assembly cdk.out --stack Shop  what "cdk synth" wrote
  $ npx cdk-nextjs-ecs local --assembly cdk.out --container web=../web --env DATABASE_URL=postgres://localhost/shop
  $ npx cdk-nextjs-ecs local --json --port 0                  for scripts: {"url":"http://localhost:…","control":…}`;
