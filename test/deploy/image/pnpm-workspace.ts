import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';

import { Bundle } from '../../../contract';
import { run } from './command';

const ROOT = resolve(import.meta.dirname, '../../..');
const EXAMPLE = join(ROOT, 'examples/pnpm-monorepo');
const PICTURE = join(ROOT, 'test/fixtures/app/public/picture.png');

/** What the app is built with only. */
export const DEV_DEPENDENCIES = ['esbuild', 'prettier'];

/** What such a repository holds, and no image may. */
const PRIVATE = { '.git/config': '[core]', 'apps/web/.env.production': 'TOKEN=hush', 'apps/web/.npmrc': '# token' };

/** The example monorepo, installed by pnpm in a folder of its own, with a picture for the image optimizer. */
export class PnpmWorkspace {
  static async install(scratch: string): Promise<PnpmWorkspace> {
    const directory = join(scratch, 'fruit');
    const made = new Set(['node_modules', '.next', Bundle.DIRECTORY, 'infra']);
    cpSync(EXAMPLE, directory, { recursive: true, filter: (path) => !made.has(basename(path)) });
    const workspace = new PnpmWorkspace(directory, join(scratch, 'tools'));
    mkdirSync(join(workspace.app, 'public'));
    copyFileSync(PICTURE, join(workspace.app, 'public/picture.png'));
    for (const [path, content] of Object.entries(PRIVATE)) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    const { packageManager } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      packageManager: string;
    };
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', workspace.tools, packageManager]);
    await workspace.pnpm('install');
    await workspace.pnpm('--filter', 'web', 'add', '--save-dev', ...DEV_DEPENDENCIES);
    return workspace;
  }

  private constructor(
    /** The repository's root. */
    readonly directory: string,
    private readonly tools: string,
  ) {}

  /** The folder of the Next.js app. */
  get app(): string {
    return join(this.directory, 'apps/web');
  }

  /** The app's bundle. */
  get bundle(): string {
    return join(this.app, Bundle.DIRECTORY);
  }

  /** Sets an option of the app's configuration. */
  configure(configuration: object): void {
    writeFileSync(join(this.app, 'next.config.mjs'), `export default ${JSON.stringify(configuration)};\n`);
  }

  /** `npx cdk-nextjs-ecs build apps/web`, which runs the app's own build by pnpm. */
  async build(...options: readonly string[]): Promise<void> {
    const tool = join(ROOT, 'dist/bin/cdk-nextjs-ecs.js');
    const { directory, environment } = this;
    await run(process.execPath, [tool, 'build', 'apps/web', ...options], { directory, environment });
  }

  private async pnpm(...args: readonly string[]): Promise<void> {
    const { directory, environment } = this;
    await run('pnpm', args, { directory, environment });
  }

  private get environment(): NodeJS.ProcessEnv {
    const path = [join(this.tools, 'node_modules/.bin'), process.env.PATH ?? ''].join(delimiter);
    return { ...process.env, PATH: path, NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: '1' };
  }
}
