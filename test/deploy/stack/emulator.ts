import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { freePort } from '../../../local/fleet/free-port';
import type { LambdaRuntime } from '../functions/lambda-runtime';
import { cannotProve } from '../support/tool';
import { Server } from './server';

const PYTHON = join(import.meta.dirname, '.venv/bin/python');

/** Resource types that the emulator's CloudFormation knows from `emulator.py` only. */
export const ADDED_TYPES = [
  'AWS::CloudFront::VpcOrigin',
  'AWS::EC2::FlowLog',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
];

/** Whether the emulator is there; it is installed beside this file when it is first asked for. */
export function hasEmulator(what: string): boolean {
  if (!existsSync(PYTHON)) install();
  return existsSync(PYTHON) || cannotProve(what, 'pip did not install ministack');
}

function install(): void {
  const cwd = import.meta.dirname;
  const script = 'python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt || rm -rf .venv';
  spawnSync('sh', ['-c', script], { cwd, stdio: 'ignore' });
}

/** An AWS account on loopback: https://ministack.org */
export class Emulator {
  /** @param scratch a folder for what it writes */
  static async start({ node }: LambdaRuntime, scratch: string): Promise<Emulator> {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const server = await Server.start(PYTHON, [join(import.meta.dirname, 'emulator.py')], {
      url: `${endpoint}/_ministack/health`,
      environment: {
        ...process.env,
        // Functions run with the first `node` on the path.
        PATH: `${dirname(node)}:${process.env.PATH ?? ''}`,
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        MINISTACK_HOST: '127.0.0.1',
        IOT_MTLS_ENABLED: 'false',
        TMPDIR: scratch,
        // Functions reach buckets by path here.
        AWS_ENDPOINT_URL_S3: endpoint,
      },
    });
    return new Emulator(server, port);
  }

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  /** Host and port: of all services, the registry of images included. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** By which the SDK, and so the CDK's command line, finds it. */
  get environment(): Record<string, string> {
    const endpoint = `http://${this.address}`;
    return {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
    };
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
