import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { connection } from 'next/server';
import { Suspense } from 'react';
import { Stamp } from '@/components/stamp';
import { countSeats } from '@/timetable/cached';
import { PRERENDERED, tryFindLine } from '@/timetable/lines';

interface Props {
  params: Promise<{ line: string }>;
}

export function generateStaticParams() {
  return PRERENDERED.map((line) => ({ line }));
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: tryFindLine((await params).line)?.name };
}

export default async function LinePage({ params }: Props) {
  const { line: slug } = await params;
  const line = tryFindLine(slug);
  if (!line) notFound();
  return (
    <>
      <h1>{line.name}</h1>
      <p className="lead">{line.stops.join(' → ')}</p>
      <p className="times">{line.departures.join('  ')}</p>
      <Suspense fallback={<p className="waiting">Counting seats…</p>}>
        <FreeSeats line={slug} />
      </Suspense>
    </>
  );
}

async function FreeSeats({ line }: { line: string }) {
  await connection();
  const seats = await countSeats(line);
  return (
    <section className="panel">
      <p>
        <strong data-free={seats.free}>{seats.free}</strong> seats free on the next boat
      </p>
      <Stamp of="Seats" making={seats} />
    </section>
  );
}
