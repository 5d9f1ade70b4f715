import { UserError } from '../user-error';
import { NotFoundError } from './not-found-error';
import { type Order, textOf } from './order';
import type { Route } from './routes';

/** What the control server needs of a stack to show what happens in it. */
export interface ObservedStack {
  /** The latest requests, the latest first; JSON. */
  requests(limit: number): readonly unknown[];
  /** A request with its way; undefined when it is not known any more. */
  tryFindRequest(id: string): unknown;
  /** The request's line in the log. */
  tryFindSummary(id: string): unknown;
  /** Calls back with the id of each request that ended, or of which more is known; the returned function ends that. */
  onRequest(listener: (id: string) => void): () => void;
  explain(path: string): Promise<unknown>;
  /** Live counters; JSON. */
  readonly metrics: unknown;
  readonly tags: unknown;
  /** Answers the tags whose rows were written. */
  revalidate(order: RevalidationOrder): Promise<readonly string[]>;
}

interface RevalidationOrder {
  readonly tags?: readonly string[];
  readonly paths?: readonly string[];
  readonly type?: 'page' | 'layout';
  readonly stale?: boolean;
  readonly site?: string;
}

const DEFAULT_LIMIT = 100;
const MOST_REQUESTS = 500;

export function observationRoutes(stack: ObservedStack): readonly Route[] {
  return [
    { method: 'GET', path: '/requests', perform: (_, { query }) => stack.requests(limitOf(query)) },
    { method: 'GET', path: '/requests/:id', perform: (_, { parameter }) => findRequest(stack, parameter) },
    { method: 'GET', path: '/metrics', perform: () => stack.metrics },
    { method: 'GET', path: '/tags', perform: () => stack.tags },
    { method: 'POST', path: '/explain', perform: (order) => stack.explain(textOf(order, 'path')) },
    {
      method: 'POST',
      path: '/revalidate',
      perform: async (order) => ({ tags: await stack.revalidate(revalidationOf(order)) }),
    },
  ];
}

function findRequest(stack: ObservedStack, id: string): unknown {
  const found = stack.tryFindRequest(id);
  if (found !== undefined) return found;
  throw new NotFoundError(`there is no request "${id}"; the latest ${MOST_REQUESTS} are remembered`);
}

function limitOf(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  if (Number.isInteger(limit) && limit > 0 && limit <= MOST_REQUESTS) return limit;
  throw new UserError(
    `"limit" must be a whole number from 1 to ${MOST_REQUESTS}; received ${query.get('limit') ?? ''}`,
  );
}

function revalidationOf(order: Order): RevalidationOrder {
  const { type, stale = false } = order;
  if (type !== undefined && type !== 'page' && type !== 'layout') {
    throw new UserError(`"type" must be page or layout; received ${JSON.stringify(type)}`);
  }
  if (typeof stale !== 'boolean') {
    throw new UserError(`"stale" must be true or false; received ${JSON.stringify(stale)}`);
  }
  return {
    tags: listOf(order, 'tags'),
    paths: listOf(order, 'paths'),
    stale,
    ...(type !== undefined && { type }),
    ...(order.site !== undefined && { site: textOf(order, 'site') }),
  };
}

function listOf(order: Order, name: string): string[] {
  const value = order[name] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new UserError(`"${name}" must be a list of texts; received ${JSON.stringify(value)}`);
}
