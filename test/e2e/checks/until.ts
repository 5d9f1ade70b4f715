import { setTimeout as delay } from 'node:timers/promises';

/** In milliseconds: CloudFront's slowest purges, and machines with a lot to do. What is wrong stays wrong for longer. */
const PATIENCE = 60_000;
const PAUSE = 100;

/** Looks again and again, until there is something to see or patience ends. */
export async function until<Seen>(
  look: () => Promise<Seen | undefined>,
  patience: number = PATIENCE,
): Promise<Seen | undefined> {
  const end = performance.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen !== undefined || performance.now() > end) return seen;
    await delay(PAUSE);
  }
}
