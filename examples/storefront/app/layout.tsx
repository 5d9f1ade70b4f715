import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { SiteFrame } from '@/components/site-frame';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Alder & Clay', template: '%s · Alder & Clay' },
  description: 'Things for a house, made by people we know.',
};

export const viewport: Viewport = {
  colorScheme: 'light dark',
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SiteFrame>{children}</SiteFrame>
      </body>
    </html>
  );
}
