// Each replica's own wrong clock: the local stack signs every replica's calls of AWS by its id.
const offsets = JSON.parse(process.env.FIXTURE_CLOCK_OFFSETS);
process.env.FIXTURE_CLOCK_OFFSET = String(offsets[process.env.AWS_ACCESS_KEY_ID] ?? 0);
await import('../../runtime/fleet/wrong-clock.mjs');
