import { DynamoDbError } from './errors';

/** Digits that a DynamoDB number keeps. */
const MAX_DIGITS = 38;
const MAX_MAGNITUDE = 125;
const MIN_MAGNITUDE = -130;

/** A DynamoDB number: `coefficient * 10 ** exponent`, exact, the coefficient without trailing zeros. */
export class Decimal {
  static parse(text: string): Decimal {
    const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text.trim());
    const [whole = '', fraction = ''] = [match?.[2], match?.[3]];
    if (!match || whole + fraction === '') {
      throw DynamoDbError.validation(`The parameter cannot be converted to a numeric value: ${text}`);
    }
    const coefficient = BigInt(`${match[1] === '-' ? '-' : ''}${whole}${fraction}`);
    return Decimal.of(coefficient, Number(match[4] ?? 0) - fraction.length);
  }

  private static of(coefficient: bigint, exponent: number): Decimal {
    if (coefficient === 0n) return new Decimal(0n, 0);
    let [digits, power] = [coefficient, exponent];
    while (digits % 10n === 0n) [digits, power] = [digits / 10n, power + 1];
    return new Decimal(digits, power).checked();
  }

  private constructor(
    private readonly coefficient: bigint,
    private readonly exponent: number,
  ) {}

  plus(other: Decimal): Decimal {
    const [left, right, exponent] = this.aligned(other);
    return Decimal.of(left + right, exponent);
  }

  minus(other: Decimal): Decimal {
    const [left, right, exponent] = this.aligned(other);
    return Decimal.of(left - right, exponent);
  }

  compare(other: Decimal): number {
    const [left, right] = this.aligned(other);
    return left < right ? -1 : left > right ? 1 : 0;
  }

  /** Plain notation, as DynamoDB returns numbers. */
  toString(): string {
    const sign = this.coefficient < 0n ? '-' : '';
    const digits = this.digits();
    if (this.exponent >= 0) return sign + digits + '0'.repeat(this.exponent);
    const padded = digits.padStart(1 - this.exponent, '0');
    return `${sign}${padded.slice(0, this.exponent)}.${padded.slice(this.exponent)}`;
  }

  private digits(): string {
    return String(this.coefficient < 0n ? -this.coefficient : this.coefficient);
  }

  private aligned(other: Decimal): [bigint, bigint, number] {
    const exponent = Math.min(this.exponent, other.exponent);
    return [this.scaledTo(exponent), other.scaledTo(exponent), exponent];
  }

  private scaledTo(exponent: number): bigint {
    return this.coefficient * 10n ** BigInt(this.exponent - exponent);
  }

  private checked(): this {
    const digits = this.digits().length;
    const magnitude = this.exponent + digits - 1;
    if (digits > MAX_DIGITS)
      throw DynamoDbError.validation('Attempting to store more than 38 significant digits in a Number');
    if (magnitude > MAX_MAGNITUDE)
      throw DynamoDbError.validation(
        'Number overflow. Attempting to store a number with magnitude larger than supported range',
      );
    if (magnitude < MIN_MAGNITUDE)
      throw DynamoDbError.validation(
        'Number underflow. Attempting to store a number with magnitude smaller than supported range',
      );
    return this;
  }
}
