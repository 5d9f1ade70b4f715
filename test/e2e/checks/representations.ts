type RequestHeaders = Readonly<Record<string, string>>;

/** What viewers ask for: the page, and what the router fetches of it. */
export const REPRESENTATIONS: readonly [RequestHeaders, ...RequestHeaders[]] = [
  {},
  { rsc: '1' },
  { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_full' },
];
