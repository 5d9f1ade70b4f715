import type { Answer } from './answer';
import type { Behavior, CustomErrorResponse } from './distribution';
import { HeaderFields } from './header-fields';
import type { Retrieval } from './retrieval';
import { readToEnd, SharedBody } from './shared-body';

/** A page with its whole body. */
export interface ErrorPage extends Answer {
  readonly body: Buffer;
}

/**
 * The pages that the distribution shows in place of errors.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
 */
export class ErrorPages {
  constructor(
    private readonly rules: ReadonlyMap<number, CustomErrorResponse>,
    private readonly retrieve: (retrieval: Retrieval) => Promise<Answer>,
    private readonly behaviorOf: (path: string) => Behavior,
  ) {}

  /** The page for a status, from the behaviour of its own path; undefined when there is none, or it cannot be had. */
  async find(status: number, retrieval: Retrieval): Promise<ErrorPage | undefined> {
    const rule = status < 400 || retrieval.forError === true ? undefined : this.rules.get(status);
    const path = rule?.responsePagePath;
    if (path === undefined) return undefined;
    const page = await this.get(path, retrieval);
    if (page === undefined) return undefined;
    const reason = `custom error page ${path} for ${String(status)}`;
    return { ...page, result: 'Error', status: rule?.responseCode ?? status, statusText: '', reason, stored: false };
  }

  private async get(path: string, retrieval: Retrieval): Promise<ErrorPage | undefined> {
    const { request, requestId, interest } = retrieval;
    const taken = [...request.headers].filter(([name]) => name === 'host' || name === 'accept-encoding');
    const answer = await this.retrieve({
      request: { ...request, method: 'GET', path, query: '', headers: new HeaderFields(taken.flat()), hasBody: false },
      behavior: this.behaviorOf(path),
      requestId,
      interest,
      forError: true,
    });
    const body = answer.body instanceof SharedBody ? await readToEnd(answer.body) : answer.body;
    if (answer.status !== 200 || body === undefined) return undefined;
    return { ...answer, headers: answer.headers.copy().delete('age'), body };
  }
}
