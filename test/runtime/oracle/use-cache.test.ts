import { describe } from 'vitest';

import { runSession } from './session';
import { useCache } from './use-cache';

describe("an app with 'use cache' on three replicas answers as one plain `next start`", () => {
  runSession(useCache);
});
