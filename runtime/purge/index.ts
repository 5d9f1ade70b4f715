import { createLog } from '../log';
import { wallClock } from './clock';
import { cloudFrontSender } from './cloudfront';
import { readPurgeConfiguration } from './configuration';
import type { BatchResult, InvocationContext } from './events';
import { Invalidator } from './invalidator';
import { keptInBucket } from './kept';
import { Purger, type ReplayResult } from './purger';

/** Made at the first invocation and used by all of this process, which therefore share CloudFront's quota. */
let purger: Purger | undefined;

/** The Lambda function: changes of the table, completed deployments, and `{ "replay": true }`. */
export function handler(event: unknown, context: InvocationContext): Promise<BatchResult | ReplayResult | undefined> {
  purger ??= createPurger();
  return purger.handle(event, context);
}

function createPurger(): Purger {
  const configuration = readPurgeConfiguration();
  return new Purger({
    configuration,
    invalidator: new Invalidator(cloudFrontSender(configuration.distribution), wallClock),
    kept: keptInBucket(configuration.bucket),
    clock: wallClock,
    log: createLog('info'),
    writeLine: (line) => process.stdout.write(`${line}\n`),
  });
}
