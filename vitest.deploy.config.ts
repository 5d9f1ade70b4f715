import { defineConfig } from 'vitest/config';

/** What takes other programs than Node.js: `npm run test:deploy`. */
export default defineConfig({
  test: {
    include: ['test/deploy/**/*.test.ts'],
    reporters: ['default', './test/deploy/support/proof-reporter.ts', './test/summary-reporter.ts'],
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
