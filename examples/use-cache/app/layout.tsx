import type { Metadata, Viewport } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Skerry Lines', template: '%s · Skerry Lines' },
  description: 'Boats to four islands, when the weather agrees.',
};

export const viewport: Viewport = { colorScheme: 'light dark' };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <Link className="brand" href="/">
            Skerry Lines
          </Link>
          <nav aria-label="Main">
            <Link href="/">Timetable</Link>
            <Link href="/desk">Ticket desk</Link>
          </nav>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
