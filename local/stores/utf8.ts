/** Orders strings as their UTF-8 bytes, which S3 and DynamoDB do: surrogates, beyond U+FFFF, come after every other unit. */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  let index = 0;
  while (index < length && left.charCodeAt(index) === right.charCodeAt(index)) index++;
  if (index === length) return left.length - right.length;
  const [leftUnit, rightUnit] = [left.charCodeAt(index), right.charCodeAt(index)];
  const [leftPair, rightPair] = [isSurrogate(leftUnit), isSurrogate(rightUnit)];
  return leftPair === rightPair ? leftUnit - rightUnit : leftPair ? 1 : -1;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
