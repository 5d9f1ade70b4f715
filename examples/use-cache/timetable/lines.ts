export interface Line {
  readonly slug: string;
  readonly name: string;
  readonly stops: readonly string[];
  readonly departures: readonly string[];
  readonly seats: number;
}

/** Lines whose shells `next build` renders; the others are rendered when they are first asked for. */
export const PRERENDERED = ['north', 'lighthouse'];

export const lines: readonly Line[] = [
  {
    slug: 'north',
    name: 'North line',
    stops: ['Town quay', 'Gull rock', 'Norra'],
    departures: ['07:10', '09:40', '13:15', '17:50'],
    seats: 120,
  },
  {
    slug: 'lighthouse',
    name: 'Lighthouse line',
    stops: ['Town quay', 'The lighthouse'],
    departures: ['10:00', '12:00', '15:30'],
    seats: 40,
  },
  {
    slug: 'mail',
    name: 'Mail boat',
    stops: ['Town quay', 'Gull rock', 'Sand', 'Outer Sand'],
    departures: ['06:00'],
    seats: 12,
  },
  {
    slug: 'evening',
    name: 'Evening line',
    stops: ['Norra', 'Town quay'],
    departures: ['21:30', '23:15'],
    seats: 120,
  },
];

export function tryFindLine(slug: string): Line | undefined {
  return lines.find((line) => line.slug === slug);
}
