'use server';

import { cookies } from 'next/headers';
import { NAME_COOKIE } from './cookie';

export async function introduce(form: FormData): Promise<void> {
  const given = form.get('name');
  const name = typeof given === 'string' ? given.trim().slice(0, 60) : '';
  if (name === '') return;
  (await cookies()).set(NAME_COOKIE, name, { httpOnly: true, sameSite: 'lax', path: '/' });
}

export async function forget(): Promise<void> {
  (await cookies()).delete(NAME_COOKIE);
}
