import type { Metadata } from 'next';
import { connection } from 'next/server';
import { Suspense } from 'react';
import { RenderStamp } from '@/components/render-stamp';

export const metadata: Metadata = { title: 'Your parcel' };

const STEPS = [
  ['Packed', 'Wrapped in last week’s newspaper by Marta, who reads it first.'],
  ['Handed over', 'The carrier scanned it at the depot and promised to be careful.'],
  ['On its way', 'Two stops before yours. It will be there before the kettle boils.'],
] as const;

const PAUSE = 400;

/** Streamed: the page is sent at once, each of the three parts 400 ms after the one before. */
export default async function StreamPage() {
  await connection();
  return (
    <>
      <h1>Your parcel</h1>
      <p className="lead">Three systems are asked, one after the other. You see each answer when it arrives.</p>
      <ol className="notes">
        {STEPS.map(([title, text], index) => (
          <li key={title}>
            <h2>{title}</h2>
            <Suspense fallback={<p className="waiting">Asking…</p>}>
              <Answer text={text} part={index + 1} />
            </Suspense>
          </li>
        ))}
      </ol>
      <RenderStamp how="Rendered for you alone." />
    </>
  );
}

async function Answer({ text, part }: { text: string; part: number }) {
  await new Promise((resolve) => setTimeout(resolve, part * PAUSE));
  return (
    <p data-part={part} data-at={Date.now()}>
      {text}
    </p>
  );
}
