import { defineConfig } from 'vitest/config';

/** What is published, as its users get it: `npm run test:package`. It needs registries of packages, and other languages' tools. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    reporters: ['default', './test/deploy/support/proof-reporter.ts', './test/summary-reporter.ts'],
    globalSetup: ['test/package/support/pack.ts'],
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
