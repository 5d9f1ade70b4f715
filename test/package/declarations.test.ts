import { expectTypeOf, it } from 'vitest';

import type * as adapter from '../../runtime/adapter';
import type * as declaredAdapter from '../../runtime/adapter.mjs';
import type * as revalidate from '../../runtime/revalidate';
import type * as declaredRevalidate from '../../runtime/revalidate.mjs';

it('declares of the modules for users what they are', () => {
  expectTypeOf<typeof adapter>().toExtend<typeof declaredAdapter>();
  expectTypeOf<typeof revalidate>().toExtend<typeof declaredRevalidate>();
});
