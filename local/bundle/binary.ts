import { readFileSync } from 'node:fs';

/** What a compiled library was built for. */
export interface Binary {
  /** As `process.platform` names it. */
  readonly os: string;
  /** As `process.arch` names it; several in a universal library. */
  readonly archs: readonly string[];
  /** Whether it wants musl (Alpine Linux) rather than glibc. */
  readonly musl: boolean;
}

/** Machine fields of the three formats that operating systems load. */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  0x03: 'ia32',
  0x28: 'arm',
  0x3e: 'x64',
  0xb7: 'arm64',
  0xf3: 'riscv64',
};
const ELF_MACHINES_BIG_ENDIAN: Readonly<Record<number, string>> = { 0x15: 'ppc64', 0x16: 's390x' };
const MACH_O_CPUS: Readonly<Record<number, string>> = {
  0x07: 'ia32',
  0x01000007: 'x64',
  0x0c: 'arm',
  0x0100000c: 'arm64',
};
const PE_MACHINES: Readonly<Record<number, string>> = { 0x014c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' };

/** Reads the header of a library; undefined where the file is none (a linker script, a placeholder). */
export function readBinary(file: string): Binary | undefined {
  const content = readFileSync(file);
  return readElf(content) ?? readMachO(content) ?? readPortableExecutable(content);
}

/** https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
function readElf(content: Buffer): Binary | undefined {
  if (content.length < 20 || content.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const littleEndian = content[5] === 1;
  const machine = littleEndian ? content.readUInt16LE(18) : content.readUInt16BE(18);
  const arch = ELF_MACHINES[machine] ?? ELF_MACHINES_BIG_ENDIAN[machine] ?? hexadecimal(machine);
  const os = content[7] === 9 ? 'freebsd' : 'linux';
  return { os, archs: [arch === 'ppc64' && littleEndian ? 'ppc64le' : arch], musl: content.includes('libc.musl-') };
}

/** `mach-o/loader.h`, and `mach-o/fat.h` for universal libraries. */
function readMachO(content: Buffer): Binary | undefined {
  if (content.length < 8) return undefined;
  const arch = (cpu: number): string => MACH_O_CPUS[cpu] ?? hexadecimal(cpu);
  switch (content.readUInt32BE(0)) {
    case 0xcffaedfe:
    case 0xcefaedfe:
      return { os: 'darwin', archs: [arch(content.readUInt32LE(4))], musl: false };
    case 0xcafebabe: {
      const count = content.readUInt32BE(4);
      const archs = Array.from({ length: count }, (_, index) => 8 + index * 20)
        .filter((offset) => offset + 4 <= content.length)
        .map((offset) => arch(content.readUInt32BE(offset)));
      return { os: 'darwin', archs, musl: false };
    }
    default:
      return undefined;
  }
}

/** https://learn.microsoft.com/windows/win32/debug/pe-format */
function readPortableExecutable(content: Buffer): Binary | undefined {
  if (content.length < 0x40 || content.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const offset = content.readUInt32LE(0x3c);
  if (offset + 6 > content.length || content.toString('latin1', offset, offset + 4) !== 'PE\0\0') return undefined;
  const machine = content.readUInt16LE(offset + 4);
  return { os: 'win32', archs: [PE_MACHINES[machine] ?? hexadecimal(machine)], musl: false };
}

function hexadecimal(value: number): string {
  return `machine 0x${value.toString(16)}`;
}

/** `linux/arm64`, `linux/x64 (musl)`, `darwin/x64+arm64`. */
export function describeBinary({ os, archs, musl }: Binary): string {
  return `${os}/${archs.join('+')}${musl ? ' (musl)' : ''}`;
}
