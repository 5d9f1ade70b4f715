/** The fields of a form as a browser without JavaScript would send them. */
export interface Form {
  /** Address of the page that the form stands on: what a form without an action is sent to. */
  readonly page: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads the first form of a page whose opening tag contains `mark`, for example `id="revalidate"`. */
export async function readForm(page: string, mark: string, ask = fetch): Promise<Form> {
  const html = await (await ask(page)).text();
  const form = [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].find(([, tag]) => tag?.includes(mark));
  if (!form) throw new Error(`test/e2e: ${page} has no form with ${mark}`);
  const inputs = [...(form[2] ?? '').matchAll(/<input\b([^>]*?)\/?>/g)].map(([, tag = '']) => tag);
  const fields = inputs.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')] as const);
  return { page, fields: Object.fromEntries(fields.filter(([name]) => name !== '')) };
}

/** Sends the form, like a browser: multipart, with the page's origin. */
export async function sendForm({ page, fields }: Form, values: Record<string, string>, ask = fetch): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...values })) body.append(name, value);
  return ask(page, { method: 'POST', body, headers: { origin: new URL(page).origin }, redirect: 'manual' });
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
