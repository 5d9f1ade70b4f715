import { describe, expect, it } from 'vitest';

import { Environment } from '../../contract';
import { ConfigurationError, readConfiguration } from '../../runtime/configuration';

const REQUIRED = {
  [Environment.CACHE_BUCKET]: 'bucket',
  [Environment.CACHE_TABLE]: 'table',
  [Environment.CACHE_SITE]: 'shop',
};

describe('the configuration', () => {
  it('has a default for everything but bucket, table and site', () => {
    expect(readConfiguration(REQUIRED)).toMatchObject({
      bucket: 'bucket',
      window: 1000,
      budget: 1000,
      tagShards: 1,
      metrics: true,
    });
  });

  it.each(Object.keys(REQUIRED))('is one line that names %s where it is missing', (name) => {
    const variables = Object.fromEntries(Object.entries(REQUIRED).filter(([other]) => other !== name));
    expect(() => readConfiguration(variables)).toThrow(
      new RegExp(`^cdk-nextjs-ecs configuration: ${name} is not set: [^\n]+$`),
    );
  });

  it.each([
    [Environment.CACHE_WINDOW, '-1'],
    [Environment.CACHE_WINDOW, '1.5'],
    [Environment.CACHE_BUDGET, 'soon'],
    [Environment.METRICS, 'yes'],
    [Environment.LOG_LEVEL, 'loud'],
    [Environment.CACHE_SITE, 'a/b'],
  ])('refuses %s=%s, and says what it received', (name, value) => {
    const read = (): unknown => readConfiguration({ ...REQUIRED, [name]: value });
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(`received '${value}'`);
  });
});
