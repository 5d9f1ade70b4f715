/** `Fn::Cidr`: so many blocks with so many host bits (IPv4) from a block. */
export function cidrBlocks(block: string, count: number, hostBits: number): string[] {
  const [address = '', prefix = ''] = block.split('/');
  const octets = address.split('.').map(Number);
  const isValid = octets.length === 4 && octets.every((octet) => Number.isInteger(octet) && octet >= 0 && octet <= 255);
  const length = Number(prefix);
  if (!isValid || !Number.isInteger(length) || length < 0 || length > 32) {
    throw new Error(`Fn::Cidr: must be an IPv4 block like 10.0.0.0/16; received ${block}`);
  }
  if (count * 2 ** hostBits > 2 ** (32 - length)) {
    throw new Error(`Fn::Cidr: ${String(count)} blocks of ${String(hostBits)} host bits do not fit into ${block}`);
  }
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return Array.from(
    { length: count },
    (_, index) => `${dotted(base + index * 2 ** hostBits)}/${String(32 - hostBits)}`,
  );
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
