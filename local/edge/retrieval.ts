import type { Readable } from 'node:stream';

import type { AcceptEncoding, CacheKey } from './cache-key';
import type { Behavior } from './distribution';
import type { Interest } from './interest';
import type { ViewerRequest } from './viewer-request';

/** One viewer's request, with what belongs to it. */
export interface Retrieval {
  readonly request: ViewerRequest;
  readonly behavior: Behavior;
  readonly requestId: string;
  readonly body?: Readable;
  /** The viewer's. */
  readonly interest: Interest;
  /** What is retrieved stands for an error; its own errors have no page. */
  readonly forError?: boolean;
}

/** A retrieval whose Accept-Encoding is normalized. */
export interface EncodedRetrieval extends Retrieval {
  readonly encoding: AcceptEncoding;
}

/** A retrieval whose response may be kept. */
export interface CacheableRetrieval extends EncodedRetrieval {
  readonly key: CacheKey;
}
