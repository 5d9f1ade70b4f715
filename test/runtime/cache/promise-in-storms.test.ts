import { afterAll, beforeAll, describe, it } from 'vitest';

import { EmbeddedServices } from '../stores/embedded-services';
import { ONCE_BROKEN_IN_STORMS } from './simulation/once-broken';
import { PromiseProperty, RUNS, TIMEOUT } from './simulation/property';
import { stormyScenario } from './simulation/scenario';
import { EmbeddedAws } from './simulation/services';

/** Of as many runs one goes through the SDK and over HTTP: they take a hundred times as long. */
const ONE_IN = 100;

describe('the promise, on three simulated replicas whose stores refuse, hang, lose answers and take their time', () => {
  const promise = new PromiseProperty();
  let aws: EmbeddedServices;

  beforeAll(async () => {
    aws = await EmbeddedServices.start();
  });
  afterAll(() => aws.close());

  it(
    'keeps nothing old at the edge, and converges',
    () =>
      promise.hold('stormy', stormyScenario, {
        strict: false,
        runs: RUNS,
        examples: ONCE_BROKEN_IN_STORMS,
        ciSeed: 20_261_123,
      }),
    TIMEOUT,
  );

  it(
    'holds with the SDK between the cache and servers',
    () => {
      const services = EmbeddedAws.of(aws);
      return promise.hold('stormy, SDK', stormyScenario, {
        strict: false,
        runs: Math.ceil(RUNS / ONE_IN),
        ciSeed: 20_261_123,
        services,
      });
    },
    TIMEOUT,
  );
});
