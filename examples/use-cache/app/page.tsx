import { cookies } from 'next/headers';
import Link from 'next/link';
import { Suspense } from 'react';
import { Stamp } from '@/components/stamp';
import { readTimetable } from '@/timetable/cached';

/** A static shell around one hole: the greeting reads a cookie, all else comes out of the build. */
export default async function TimetablePage() {
  const timetable = await readTimetable();
  return (
    <>
      <h1>Timetable</h1>
      <Suspense fallback={<p className="lead">Welcome aboard.</p>}>
        <Greeting />
      </Suspense>
      <ul className="lines">
        {timetable.lines.map((line) => (
          <li key={line.slug}>
            <h2>
              <Link href={`/lines/${line.slug}`}>{line.name}</Link>
            </h2>
            <p>{line.stops.join(' → ')}</p>
            <p className="times">{line.departures.join('  ')}</p>
          </li>
        ))}
      </ul>
      <Stamp of="Timetable" making={timetable} />
    </>
  );
}

async function Greeting() {
  const name = (await cookies()).get('passenger')?.value;
  return (
    <p className="lead" data-greeting>
      {name === undefined ? 'Welcome aboard, stranger.' : `Welcome aboard, ${name}.`}
    </p>
  );
}
