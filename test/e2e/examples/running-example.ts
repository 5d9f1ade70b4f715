import { request } from 'node:http';

import { App, Stack } from 'aws-cdk-lib';

import { LocalStack } from '../../../local/stack';
import { PackedApp } from '../../runtime/server/packed-app';
import { synthesizeExample } from '../../examples/support';
import { prepareSite, type SiteName } from '../../fixtures/prepare';
import { scratch } from '../../lib/bundle';

/** What an answer is made of. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** What the edge says of itself: `Hit from cloudfront`, `Miss from cloudfront`, … */
  readonly edge: string;
}

/** A synthesized stack with a built app in it, on this machine. */
export class RunningExample {
  /** An example's. @param folder of its `cdk.json` below `examples` */
  static start(folder: string, apps: Readonly<Record<string, PackedApp>>): Promise<RunningExample> {
    const directories = Object.fromEntries(
      Object.entries(apps).map(([name, { directory }]) => [name, directory] as const),
    );
    const { assembly } = synthesizeExample(folder, { apps: directories });
    return RunningExample.run(assembly.directory);
  }

  /** One of a test's own. */
  static of(define: (stack: Stack) => void): Promise<RunningExample> {
    const app = new App({ outdir: scratch(), autoSynth: false });
    define(new Stack(app, 'Stack'));
    // CloudFormation's rules are the synth tests' matter.
    process.env.CDK_VALIDATION = 'false';
    return RunningExample.run(app.synth().directory);
  }

  private static async run(directory: string): Promise<RunningExample> {
    const pace = { poll: 20, window: 0.1, firstRetry: 50, longestRetry: 500, invalidation: 50 };
    return new RunningExample(await LocalStack.start(directory, { replicas: 1, pace }));
  }

  private constructor(readonly stack: LocalStack) {}

  /** Asks the edge, by the name that the viewer would ask for. */
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return ask(new URL(path, this.stack.url), headers);
  }

  stop(): Promise<void> {
    return this.stack.stop();
  }
}

/** The small app, packed. */
export async function packSite(name: SiteName): Promise<PackedApp> {
  return PackedApp.packBuilt(await prepareSite(name));
}

/** The rendering of the small app's page, which its revalidation renews. */
export function stampOf({ body }: Answer): string {
  const [, stamp] = /data-stamp="([^"]+)"/.exec(body) ?? [];
  if (stamp === undefined) throw new Error(`test/e2e: the page has no stamp: ${body.slice(0, 500)}`);
  return stamp;
}

/** Addresses in a page that end so, each once. */
export function addressesIn({ body }: Answer, ending: RegExp): string[] {
  const found = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) =>
    address.replaceAll('&amp;', '&'),
  );
  return [...new Set(found)].filter((address) => ending.test(address));
}

/** `fetch` lets nobody choose the name in `Host`. */
export function ask(url: URL, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          edge: String(response.headers['x-cache'] ?? ''),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
