/** Asks the control interface. @throws with what it answers when it refuses */
export async function ask<Answer>(path: string): Promise<Answer> {
  return read<Answer>(await fetch(path));
}

/** Gives the control interface an order. */
export async function order(path: string, body: unknown, method: 'POST' | 'DELETE' = 'POST'): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  return read(await fetch(path, { method, headers, body: JSON.stringify(body) }));
}

async function read<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (response.ok) return answer as Answer;
  const { error } = answer as { readonly error?: string };
  throw new Error(error ?? `the control interface answers ${response.status}`);
}
