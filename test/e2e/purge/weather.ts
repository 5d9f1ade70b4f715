import { setTimeout as delay } from 'node:timers/promises';

import type { Interference, ServiceCall } from '../../../local/stores';
import type { PurgedSite } from './purged-site';
import type { Random } from '../../runtime/cache/simulation/random';

const REFUSED: Interference = { kind: 'error', statusCode: 503, code: 'ServiceUnavailable', message: 'not now' };
const TOO_MANY: Interference = {
  kind: 'error',
  statusCode: 400,
  code: 'TooManyInvalidationsInProgress',
  message: 'not now',
};

const REPLICAS = ['replica-1', 'replica-2', 'replica-3'] as const;

interface Cloud {
  readonly replica: string;
  readonly kind: 'lags' | 'is cut off' | 'cannot purge';
}

/**
 * Faults that come over a site and go again: replicas that hear late of revalidations or not at all, purges that are refused, and a purge
 * function that ends in the middle of what it does.
 */
export class Weather {
  private cloud: Cloud | undefined;
  private isOver = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly site: PurgedSite,
    private readonly random: Random,
  ) {
    site.stack.intercept((call, signal) => this.interfere(call, signal));
    this.running = this.change();
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.running;
    this.site.stack.intercept(undefined);
  }

  private async change(): Promise<void> {
    const { random } = this;
    while (!this.isOver) {
      const replica = random.pick(REPLICAS);
      this.cloud = random.chance(0.6)
        ? { replica, kind: random.pick(['lags', 'is cut off', 'cannot purge'] as const) }
        : undefined;
      if (random.chance(0.1)) this.site.crashPurge();
      await delay(random.between(100, 900));
    }
    this.cloud = undefined;
  }

  private async interfere(call: ServiceCall, signal: AbortSignal): Promise<Interference | undefined> {
    const { cloud, random } = this;
    if (cloud === undefined) return undefined;
    if (call.service === 'cloudfront')
      return cloud.kind === 'cannot purge' && random.chance(0.7) ? TOO_MANY : undefined;
    if (call.accessKeyId !== cloud.replica || call.service !== 'dynamodb') return undefined;
    if (cloud.kind === 'is cut off') return REFUSED;
    // Less than its window and slack: it still believes that what it knows is current.
    if (cloud.kind === 'lags' && call.operation === 'Query') {
      await delay(random.between(50, 350), undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }
}
