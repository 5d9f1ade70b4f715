import { Environment, PurgeEnvironment } from '../../contract';

/** What the construct sets by environment variables. */
export interface PurgeConfiguration {
  /** Id of the distribution that is purged. Required. */
  readonly distribution: string;
  /** Name of the bucket for what could not be purged. Required. */
  readonly bucket: string;
  /** The site whose tags are purged. Required. */
  readonly site: string;
  /** Milliseconds after a change in which the old content may still leave a task for long. 0–300,000; default 4,000. */
  readonly wait: number;
  /** Most tags that a batch purges one by one. 1–3,000; default 500. */
  readonly mostTags: number;
  /** Milliseconds that CloudFront may refuse a change before it is kept. 0–72,000 s; default an hour. */
  readonly keepAfter: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @throws Error at the first variable that is missing or out of bounds */
export function readPurgeConfiguration(variables: Variables = process.env): PurgeConfiguration {
  return {
    distribution: name(variables, PurgeEnvironment.DISTRIBUTION, 'the id of the distribution to purge'),
    bucket: name(variables, PurgeEnvironment.BUCKET, 'the name of the bucket for what cannot be purged'),
    site: name(variables, Environment.CACHE_SITE, 'the name of the site'),
    wait: integer(variables, PurgeEnvironment.WAIT, { least: 0, most: 300_000, otherwise: 4000 }),
    mostTags: integer(variables, PurgeEnvironment.MOST_TAGS, { least: 1, most: 3000, otherwise: 500 }),
    keepAfter: integer(variables, PurgeEnvironment.KEEP_AFTER, { least: 0, most: 72_000, otherwise: 3600 }) * 1000,
  };
}

function name(variables: Variables, variable: string, meaning: string): string {
  const text = variables[variable]?.trim() ?? '';
  if (text !== '') return text;
  throw new Error(`cdk-nextjs-ecs purge: ${variable} is not set: set it to ${meaning}`);
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

function integer(variables: Variables, variable: string, { least, most, otherwise }: Bounds): number {
  const text = variables[variable]?.trim() ?? '';
  if (text === '') return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`cdk-nextjs-ecs purge: ${variable}: must be an integer from ${least} to ${most}; received '${text}'`);
}
