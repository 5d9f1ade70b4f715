import { describe } from 'vitest';

import { runSession } from './session';
import { storefront } from './storefront';

describe('the storefront on three replicas answers as one plain `next start`', () => {
  runSession(storefront);
});
