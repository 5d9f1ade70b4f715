import { describe, expect, it } from 'vitest';
import { synthesizeService } from './synthesis';

const warningsOf = (nextVersion: string) => [
  ...new Set(synthesizeService({}, { nextVersion }).findings.flatMap((finding) => finding.match(/GHSA[\w-]+/g) ?? [])),
];

describe('a version of Next.js', () => {
  it.each(['15.5.0', '15.5.6', '15.6.0-canary.57', '16.0.0-canary.3', '16.0.6', '16.1.0-canary.9', '16.1.0-canary.11'])(
    'that anybody can take over is refused: %s',
    (version) => {
      expect(() => warningsOf(version)).toThrow(/GHSA-9qr9-h5gf-34mp.*CVE-2025-66478/);
    },
  );

  it.each([
    ['15.5.7', ['GHSA-2xp9-vwfh-vxw4', 'GHSA-2464-fhr4-w9xw']],
    ['15.5.24', ['GHSA-2464-fhr4-w9xw']],
    ['15.6.0-canary.58', []],
    ['16.0.7', ['GHSA-2xp9-vwfh-vxw4', 'GHSA-2464-fhr4-w9xw', 'GHSA-673q-mjm6-r5xr']],
    ['16.3.5', ['GHSA-vcvr-r3jv-pc5j', 'GHSA-2464-fhr4-w9xw', 'GHSA-673q-mjm6-r5xr']],
    ['15.5.29', []],
    ['16.4.6', []],
    ['17.0.0', []],
  ])('%s is deployed with these warnings: %j', (version, expected) => {
    expect(warningsOf(version)).toEqual(expected);
  });

  it('warns in a way that can be acknowledged', () => {
    const { findings } = synthesizeService({}, { nextVersion: '16.3.8' });
    expect(findings.join('\n')).toContain('cdk-nextjs-ecs:GHSA-2464-fhr4-w9xw');
  });
});
