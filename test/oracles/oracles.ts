import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** A server of another maker, running on loopback. */
export interface Oracle {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const EMULATOR = path.join(__dirname, 'node_modules/amplify-dynamodb-simulator/emulator');
const MOTO_SERVER = path.join(__dirname, '.venv/bin/moto_server');

/**
 * Whether `test/oracles/prepare` has installed the oracles.
 *
 * @throws where they are missing in CI: a check that runs nowhere proves nothing.
 */
export function oraclesAreInstalled(): boolean {
  const installed = existsSync(path.join(EMULATOR, 'DynamoDBLocal.jar')) && existsSync(MOTO_SERVER);
  if (!installed && process.env.CI === 'true') {
    throw new Error('oracles: not installed, which CI does not allow. Run test/oracles/prepare first.');
  }
  return installed;
}

/** Amazon's own DynamoDB Local. It listens on every interface, so a shared machine runs it in a network namespace. */
export function startDynamoDbLocal(): Promise<Oracle> {
  return startServer(
    'java',
    (port) => ['-jar', 'DynamoDBLocal.jar', '-inMemory', '-disableTelemetry', '-port', String(port)],
    EMULATOR,
  );
}

/** moto's S3 and DynamoDB. */
export function startMoto(): Promise<Oracle> {
  return startServer(MOTO_SERVER, (port) => ['-H', '127.0.0.1', '-p', String(port)], __dirname);
}

async function startServer(command: string, args: (port: number) => string[], cwd: string): Promise<Oracle> {
  const port = await freePort();
  const server = spawn(command, args(port), { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const complaints: Buffer[] = [];
  server.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(endpoint, server, () => Buffer.concat(complaints).toString());
  return { endpoint, stop: () => stopped(server) };
}

async function answers(endpoint: string, server: ChildProcess, complaints: () => string): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`oracles: exited with ${server.exitCode}: ${complaints()}`);
    try {
      await fetch(endpoint);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function stopped(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once('exit', () => {
      resolve();
    });
    server.kill('SIGKILL');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
      });
    });
  });
}
