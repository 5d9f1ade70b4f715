import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ConfigurationError } from './errors';
import { compareVersions } from './versions';

/**
 * A critical advisory of Next.js that concerns Linux: https://github.com/vercel/next.js/security/advisories
 *
 * GHSA-p293-qw3h-jr36, of the same day as GHSA-2xp9-vwfh-vxw4, needs a server on Windows.
 */
interface Advisory {
  readonly id: string;
  readonly what: string;
  /** Versions from the first up to, and without, the second. */
  readonly affected: readonly (readonly [introduced: string, fixed: string])[];
  /** Whether any app can be taken over by anybody: such versions are not deployed at all. */
  readonly refused?: boolean;
}

const ADVISORIES: readonly Advisory[] = [
  {
    id: 'GHSA-9qr9-h5gf-34mp',
    what: 'anybody can run code on the server with one request (CVE-2025-55182, CVE-2025-66478)',
    affected: [
      ['15.0.0', '15.0.5'],
      ['15.1.0', '15.1.9'],
      ['15.2.0', '15.2.6'],
      ['15.3.0', '15.3.6'],
      ['15.4.0', '15.4.8'],
      ['15.5.0', '15.5.7'],
      ['15.6.0-canary.0', '15.6.0-canary.58'],
      ['16.0.0-beta.0', '16.0.7'],
      ['16.1.0-canary.0', '16.1.0-canary.12'],
    ],
    refused: true,
  },
  {
    id: 'GHSA-2xp9-vwfh-vxw4',
    what: 'an AVIF image that the image optimizer is made to read can run code on the server',
    affected: [
      ['15.0.0', '15.5.24'],
      ['16.0.0-beta.0', '16.3.3'],
    ],
  },
  {
    id: 'GHSA-vcvr-r3jv-pc5j',
    what: 'a value of a request in an ImageResponse of next/og can run code on the server (CVE-2026-94545)',
    affected: [['16.2.0', '16.3.6']],
  },
  // The ranges of the next two are those of the releases that fixed them; the advisories themselves could not be compared.
  {
    id: 'GHSA-2464-fhr4-w9xw',
    what: 'an SVG image that the image optimizer is made to read can run code on the server',
    affected: [
      ['15.0.0', '15.5.28'],
      ['16.0.0-beta.0', '16.4.1'],
    ],
  },
  {
    id: 'GHSA-673q-mjm6-r5xr',
    what: "a 'use cache' function that returns typed arrays can run code on the server",
    affected: [['16.0.0-beta.0', '16.4.1']],
  },
];

/** Refuses versions of Next.js that anybody can take over, and warns of those with other critical advisories. */
export function checkAdvisories(scope: Construct, nextVersion: string): void {
  for (const advisory of ADVISORIES) {
    const range = advisory.affected.find(([from, to]) => isBetween(nextVersion, from, to));
    if (!range) continue;
    const problem = `${advisory.id}: ${advisory.what}; received ${nextVersion}, allowed from ${range[1]}`;
    const remedy = `Upgrade the app: npm install next@${range[1]} (or later), and build it again`;
    if (advisory.refused === true) {
      throw new ConfigurationError({ part: 'NextjsBuild.nextVersion', scope, problem, remedy });
    }
    Annotations.of(scope).addWarningV2(
      `cdk-nextjs-ecs:${advisory.id}`,
      `cdk-nextjs-ecs NextjsBuild.nextVersion: ${problem}. ${remedy}.`,
    );
  }
}

function isBetween(version: string, from: string, to: string): boolean {
  return compareVersions(version, from) >= 0 && compareVersions(version, to) < 0;
}
