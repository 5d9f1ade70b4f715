import Link from 'next/link';
import type { ReactNode } from 'react';
import { BasketLink } from './basket';

const PLACES = [
  ['/', 'Shop'],
  ['/gallery', 'Gallery'],
  ['/news', 'Workshop news'],
  ['/stream', 'Your parcel'],
  ['/legacy', 'Delivery'],
  ['/stock', 'Stock room'],
] as const;

/** Header, content and footer: the same around pages of both routers. */
export function SiteFrame({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="site-header">
        <Link className="brand" href="/">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M6 12h20c0 9-4 14-8 15h-4c-4-1-8-6-8-15z" />
            <path d="M16 10c-4-2-4-6-1-9 4 2 4 6 1 9z" />
          </svg>
          Alder &amp; Clay
        </Link>
        <nav aria-label="Main">
          {PLACES.map(([href, label]) => (
            <Link key={href} href={href}>
              {label}
            </Link>
          ))}
        </nav>
        <BasketLink />
      </header>
      <main id="content">{children}</main>
      <footer className="site-footer">
        <p>Alder &amp; Clay. Things for a house, made by people we know.</p>
        <p>A demonstration: nothing here is for sale.</p>
      </footer>
    </>
  );
}
