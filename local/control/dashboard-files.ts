import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';

import { findOwnPackage } from '../bundle/package';

/** The dashboard's files by their paths; they lie together in `dist/local/dashboard`. */
const FILES: Readonly<Record<string, { readonly name: string; readonly type: string } | undefined>> = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/dashboard.css': { name: 'dashboard.css', type: 'text/css; charset=utf-8' },
  '/dashboard.js': { name: 'dashboard.js', type: 'text/javascript; charset=utf-8' },
};

/** Nothing but its own files, and nobody may frame it: a click on somebody else's page must not press a button here. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** Answers with a file of the dashboard; false where the path is none's. */
export async function sendDashboardFile(path: string, response: ServerResponse): Promise<boolean> {
  const file = FILES[path];
  if (file === undefined) return false;
  try {
    const content = await readFile(join(findOwnPackage().directory, 'dist/local/dashboard', file.name));
    response.writeHead(200, { ...HEADERS, 'Content-Type': file.type }).end(content);
  } catch {
    const text = 'The dashboard is not built. In a clone of the repository, run "npm run bundle" first.\n';
    response.writeHead(404, { ...HEADERS, 'Content-Type': 'text/plain' }).end(text);
  }
  return true;
}
