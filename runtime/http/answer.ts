import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { Header } from '../../contract';
import { type Judgement, type Verdict, decodeVerdict } from '../cache/verdict';
import type { Log } from '../log';
import type { RequestContext } from './context';
import { type Answer, CAPPED, type Evidence, NEVER_STORED, type PolicyOptions, decide } from './policy';
import type { ProxiedPaths } from './proxied-paths';

/** What the policy asks the cache. */
export interface Judge {
  /** What the tags say now about an earlier verdict. */
  judge(verdict: Verdict): Judgement;
  /** Whether this replica's view of the tags is loaded and no older than it may be. */
  mirrorIsCurrent(): boolean;
}

export interface AnswerPolicyOptions extends PolicyOptions {
  readonly proxied: ProxiedPaths;
  /** Path of the image optimizer, where the server optimizes images. */
  readonly imagePath: string | undefined;
  /** Response header that carries cache tags to CloudFront. */
  readonly cacheTagHeader: string;
  readonly judge: Judge;
  readonly log: Log;
  /** An answer leaves for a second, because it is old or because nothing proves that it is not. */
  readonly onCapped?: () => void;
}

/** What of a request decides about its answer, kept before Next rewrites the request. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorized: boolean;
  readonly draft: boolean;
}

const DRAFT_COOKIE = /(?:^|;)\s*(?:__prerender_bypass|__next_preview_data)=/;
/** Kinds of entries that make a whole answer; the others are data within one. */
const ANSWER_KINDS = new Set(['APP_PAGE', 'APP_ROUTE', 'PAGES', 'REDIRECT', 'IMAGE', 'NONE']);

/** Applies the response policy to every answer of the server at the moment when its headers are written. */
export class AnswerPolicy {
  constructor(private readonly options: AnswerPolicyOptions) {}

  /** Has to be called before the app sees the response, so that nothing changes headers afterwards. */
  attach(request: IncomingMessage, response: ServerResponse, context: RequestContext): void {
    const asked = describeRequest(request);
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (status: number, ...rest: unknown[]): ServerResponse => {
      const [reason, headers] = typeof rest[0] === 'string' ? [rest[0], rest[1]] : [undefined, rest[0] ?? rest[1]];
      mergeHeaders(response, headers as HeadersArgument);
      const finalStatus = context.failedTagWrite === undefined ? status : 500;
      this.apply(asked, response, finalStatus, context);
      return reason === undefined || finalStatus !== status ? writeHead(finalStatus) : writeHead(status, reason);
    };
  }

  private apply(asked: Asked, response: ServerResponse, status: number, context: RequestContext): void {
    const verdict = decodeVerdict(response.getHeader(Header.VERDICT));
    response.removeHeader(Header.VERDICT);
    response.removeHeader(this.options.cacheTagHeader);
    if (context.failedTagWrite !== undefined) {
      response.setHeader('cache-control', NEVER_STORED);
      return;
    }
    try {
      const answer = describeAnswer(asked, response, status, this.options, this.evidence(verdict, context));
      const { cacheControl, cacheTags } = decide(answer, this.options);
      if (cacheControl !== undefined) response.setHeader('cache-control', cacheControl);
      if (cacheControl === CAPPED) this.options.onCapped?.();
      if (cacheTags.length > 0) response.setHeader(this.options.cacheTagHeader, cacheTags.join(','));
    } catch (error) {
      response.setHeader('cache-control', NEVER_STORED);
      this.options.log.error('policy.failed', { requestId: context.requestId, path: asked.path, error });
    }
    // Proxies of nginx's kind hold a stream back otherwise: https://nextjs.org/docs/app/guides/self-hosting#streaming-and-suspense
    if (!response.hasHeader('content-length')) response.setHeader('x-accel-buffering', 'no');
  }

  /**
   * The header's verdict is the answer's own, even where Next joined this request to another. Without one (Pages Router, segment
   * prefetches, an app's own Cache-Control) all that the handler noted in this request's name has to stand.
   */
  private evidence(verdict: Verdict | undefined, context: RequestContext): Evidence {
    const verdicts = verdict === undefined ? relevantVerdicts(context.verdicts) : [verdict];
    const [first, ...others] = verdicts;
    if (first === undefined) return { standing: 'none', tags: [] };
    const { judge } = this.options;
    const stands = judge.mirrorIsCurrent() && verdicts.every((each) => isCurrent(judge.judge(each)));
    const tags = others.length === 0 ? first.tags : verdicts.flatMap((each) => each.tags);
    return { standing: stands ? 'current' : 'outdated', tags };
  }
}

function describeRequest({ method = 'GET', url = '/', headers }: IncomingMessage): Asked {
  return {
    method,
    path: url.split('?', 1)[0] ?? '/',
    authorized: headers.authorization !== undefined,
    draft: DRAFT_COOKIE.test(headers.cookie ?? ''),
  };
}

function describeAnswer(
  asked: Asked,
  response: ServerResponse,
  status: number,
  { proxied, imagePath }: AnswerPolicyOptions,
  evidence: Evidence,
): Answer {
  return {
    method: asked.method,
    status,
    cacheControl: headerText(response, 'cache-control'),
    nextCache: headerText(response, 'x-nextjs-cache')?.toUpperCase(),
    setsCookie: response.hasHeader('set-cookie'),
    authorized: asked.authorized,
    draft: asked.draft,
    proxied: proxied.includes(asked.path),
    image: asked.path === imagePath,
    evidence,
  };
}

function relevantVerdicts(verdicts: readonly Verdict[]): readonly Verdict[] {
  const answers = verdicts.filter(({ kind }) => ANSWER_KINDS.has(kind));
  return answers.length > 0 ? answers : verdicts;
}

function isCurrent({ fresh, moved }: Judgement): boolean {
  return fresh && !moved;
}

function headerText(response: ServerResponse, name: string): string | undefined {
  const value = response.getHeader(name);
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

type HeadersArgument = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;

/** Moves the headers given to `writeHead` to the response, as Node.js does when some are set already. */
function mergeHeaders(response: ServerResponse, headers: HeadersArgument): void {
  if (headers === undefined) return;
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
    return;
  }
  const pairs = toPairs(headers);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

/** Node.js takes `[name, value, name, value]` and `[[name, value], [name, value]]`. */
function toPairs(headers: readonly OutgoingHttpHeader[]): readonly (readonly [string, string | string[]])[] {
  if (headers.every(Array.isArray)) return headers.map(([name = '', ...values]) => [name, values] as const);
  const pairs: [string, string | string[]][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const value = headers[index + 1];
    pairs.push([String(headers[index]), Array.isArray(value) ? value : String(value)]);
  }
  return pairs;
}
