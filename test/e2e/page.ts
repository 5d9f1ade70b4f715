/** What the tests read of an answer. */
export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export async function get(url: string, headers: Record<string, string> = {}): Promise<Page> {
  const response = await fetch(url, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Value of the first attribute of that name in the page, for example `data-render-id`. */
export function findAttribute({ body }: Pick<Page, 'body'>, name: string): string {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(body)?.[1];
  if (value === undefined) throw new Error(`test/e2e: the page has no attribute ${name}: ${body.slice(0, 2000)}`);
  return value;
}
