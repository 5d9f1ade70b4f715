import type { Metadata } from 'next';
import { RenderStamp } from '@/components/render-stamp';

export const metadata: Metadata = { title: 'Workshop news' };
export const revalidate = 5;

const NOTES = [
  ['Kiln', 'Firing eleven is at 1,240 °C and holding. Nobody opens the door before Thursday.'],
  ['Loom', 'Forty metres of warp are on; the fjord throws come off first.'],
  ['Bench', 'The ash for the stools has dried for two years and is ready to turn.'],
  ['Glass', 'Three carafes of gold ruby, two survived the night. That is a good night.'],
  ['Wax', 'A new batch of cedar poured this morning, and the whole lane smells of it.'],
  ['Clock', 'Perron sent word: movements are tested, dials are printed, hands are late.'],
] as const;

/** Rendered again at most every five seconds: what is on top changes with the clock. */
export default function NewsPage() {
  const first = Math.floor(Date.now() / 5000) % NOTES.length;
  const notes = [...NOTES.slice(first), ...NOTES.slice(0, first)];
  return (
    <>
      <h1>Workshop news</h1>
      <p className="lead">Short notes from the people who make things, the latest on top.</p>
      <ol className="notes">
        {notes.map(([bench, note]) => (
          <li key={bench}>
            <h2>{bench}</h2>
            <p>{note}</p>
          </li>
        ))}
      </ol>
      <RenderStamp how="Kept for five seconds." />
    </>
  );
}
