/** `40 ms`, `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`: as exact as a person wants it. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (milliseconds < 100) return `${Math.max(0, Math.round(milliseconds * 10) / 10)} ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const KILOBYTE = 1000;

/** `812 B`, `14.2 kB`, `3.1 MB`. */
export function size(bytes: number): string {
  if (bytes < KILOBYTE) return `${bytes} B`;
  if (bytes < KILOBYTE ** 2) return `${(bytes / KILOBYTE).toFixed(1)} kB`;
  return `${(bytes / KILOBYTE ** 2).toFixed(1)} MB`;
}

/** Keeps what came over the network at a length that fits a screen, and a memory. */
export function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
