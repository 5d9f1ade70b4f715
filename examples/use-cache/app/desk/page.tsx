import type { Metadata } from 'next';
import { lines } from '@/timetable/lines';
import { board, recount, replace, reprint } from './actions';

export const metadata: Metadata = { title: 'Ticket desk' };

export default function DeskPage() {
  return (
    <>
      <h1>Ticket desk</h1>
      <section className="panel">
        <h2>Seats</h2>
        <form action={recount} id="recount">
          <label htmlFor="line">Line</label>
          <select id="line" name="line">
            {lines.map(({ slug, name }) => (
              <option key={slug} value={slug}>
                {name}
              </option>
            ))}
          </select>
          <button>Count again</button>
        </form>
      </section>
      <section className="panel">
        <h2>Timetable</h2>
        <div className="row">
          <form action={replace} id="replace">
            <button>Replace it now</button>
          </form>
          <form action={reprint} id="reprint">
            <button>Print a new one when there is time</button>
          </form>
        </div>
      </section>
      <section className="panel">
        <h2>Passenger</h2>
        <form action={board} id="board">
          <label htmlFor="name">Name</label>
          <input id="name" name="name" required maxLength={60} autoComplete="given-name" />
          <button>Come aboard</button>
        </form>
      </section>
    </>
  );
}
