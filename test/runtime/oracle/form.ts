import type { Answered } from '../with-server';
import type { Side } from './side';
import type { Step } from './step';

const BOUNDARY = 'boundary-of-the-form';

/** Sends the first form of a page whose tag contains `mark`, as a browser without scripts does. */
export function submit(title: string, page: string, mark: string, values: Readonly<Record<string, string>>): Step {
  const ask = async (side: Side): Promise<Answered> => {
    const fields = { ...hiddenFields((await side.ask(page)).body, mark), ...values };
    return side.ask(page, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
      body: multipart(fields),
      fromOwnPage: true,
    });
  };
  return { title, path: page, ask, differs: [] };
}

/** Calls the server action of a form as Next's router does. */
export function call(title: string, page: string, mark: string, values: Readonly<Record<string, string>>): Step {
  const ask = async (side: Side): Promise<Answered> => {
    const fields = Object.keys(hiddenFields((await side.ask(page)).body, mark));
    const action = fields.find((name) => name.startsWith('$ACTION_ID_'))?.slice('$ACTION_ID_'.length);
    if (action === undefined) throw new Error(`test/runtime/oracle: the form ${mark} of ${page} names no action`);
    // React's encoding of an argument list of one form: https://react.dev/reference/rsc/use-server
    const argument = Object.entries(values).map(([name, value]) => [`1_${name}`, value] as const);
    return side.ask(page, {
      method: 'POST',
      headers: {
        accept: 'text/x-component',
        'next-action': action,
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      },
      body: multipart({ ...Object.fromEntries(argument), 0: '["$K1"]' }),
      fromOwnPage: true,
    });
  };
  return { title, path: page, ask, differs: [] };
}

function hiddenFields(html: string, mark: string): Record<string, string> {
  const form = [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].find(([, tag]) => tag?.includes(mark));
  if (form === undefined) throw new Error(`test/runtime/oracle: there is no form with ${mark}`);
  const inputs = [...(form[2] ?? '').matchAll(/<input\b[^>]*?\btype="hidden"[^>]*>/g)].map(([tag]) => tag);
  return Object.fromEntries(inputs.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]));
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value.replaceAll('&quot;', '"').replaceAll('&#x27;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}

function multipart(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join('')}--${BOUNDARY}--\r\n`;
}
