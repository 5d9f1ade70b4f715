import { vi } from 'vitest';

/** What a command of the tool prints, and its exit code. */
export async function captureOutput(
  work: () => Promise<number>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await work(), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
