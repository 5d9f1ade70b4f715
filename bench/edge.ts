/**
 * What edge and balancer of the local stack cost a request: `npm run bench`.
 *
 * The example is synthesized into cdk.out first; everything runs in turn, so that a noisy machine is noisy for all.
 */
import { Agent, get } from 'node:http';
import pc from 'picocolors';
import { LocalStack, StreamProgress } from '../local';

const ROUNDS = 5;
const REQUESTS_A_ROUND = 200;
const HITS = 5000;
const CONCURRENCY = 20;

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

/** Milliseconds until the last byte. */
function request(url: string): Promise<number> {
  const since = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume().on('end', () => {
        resolve(performance.now() - since);
      });
    }).on('error', reject);
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

/** Latencies of each address, measured in turns: A B C A B C … */
async function latencies(addresses: Readonly<Record<string, string>>): Promise<Map<string, number[]>> {
  const measured = new Map(Object.keys(addresses).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, url] of Object.entries(addresses)) {
      for (let count = 0; count < REQUESTS_A_ROUND; count++) measured.get(name)?.push(await request(url));
    }
  }
  return measured;
}

/** Requests a second, several at a time. */
async function throughput(url: string): Promise<number> {
  let left = HITS;
  const since = performance.now();
  const viewer = async (): Promise<void> => {
    while (left-- > 0) await request(url);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, viewer));
  return (HITS / (performance.now() - since)) * 1000;
}

async function main(): Promise<void> {
  const stack = await LocalStack.start('cdk.out', { replicas: 1, port: 0, progress: new StreamProgress() });
  try {
    const replica = stack.replicas[0]?.url ?? '';
    await request(`${stack.url}/gallery`);
    const table = await latencies({
      'replica, dynamic page': `${replica}/account`,
      'edge miss, dynamic page': `${stack.url}/account`,
      'edge hit': `${stack.url}/gallery`,
    });
    for (const [name, values] of table) {
      console.log(
        `${name.padEnd(26)} median ${quantile(values, 0.5).toFixed(2)} ms   p95 ${quantile(values, 0.95).toFixed(2)} ms`,
      );
    }
    console.log(
      pc.bold(`${'edge hits'.padEnd(26)} ${Math.round(await throughput(`${stack.url}/gallery`))} requests/s`),
    );
  } finally {
    await stack.stop();
    agent.destroy();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
