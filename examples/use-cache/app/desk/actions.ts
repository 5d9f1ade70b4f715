'use server';

import { revalidateTag, updateTag } from 'next/cache';
import { cookies } from 'next/headers';
import { seatsTag } from '@/timetable/cached';
import { tryFindLine } from '@/timetable/lines';

/** Whoever recounts sees the new count at once, and so does everybody else. */
export async function recount(form: FormData): Promise<void> {
  const line = form.get('line');
  if (typeof line === 'string' && tryFindLine(line)) updateTag(seatsTag(line));
  return Promise.resolve();
}

/** The old timetable may hang a moment longer, while the new one is printed. */
export async function reprint(): Promise<void> {
  revalidateTag('timetable', 'max');
  return Promise.resolve();
}

/** The new timetable, now. */
export async function replace(): Promise<void> {
  updateTag('timetable');
  return Promise.resolve();
}

export async function board(form: FormData): Promise<void> {
  const name = form.get('name');
  if (typeof name === 'string' && name.trim() !== '') {
    (await cookies()).set('passenger', name.trim().slice(0, 60), { httpOnly: true, sameSite: 'lax' });
  }
}
