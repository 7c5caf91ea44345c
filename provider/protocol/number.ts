/**
 * Terraform's numbers are decimals of up to 512 bits; a JavaScript number holds fewer. This file keeps the exact value:
 * a `number` where that is lossless, a `bigint` for larger integers, a `Decimal` (its text) for everything else.
 */

/** A number that no double holds exactly, kept as its decimal text. */
export class Decimal {
  readonly text: string;
  /** @throws RangeError when the text is not a finite decimal number. */
  constructor(text: string) {
    if (!DECIMAL.test(text)) throw new RangeError(`"${text.slice(0, 40)}" is not a decimal number`);
    this.text = text;
  }
  toString(): string { return this.text; }
  toJSON(): string { return this.text; }
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Reads decimal text without loss into the smallest form that holds it. @throws RangeError for other text. */
export function parseNumber(text: string): number | bigint | Decimal {
  if (!/\d/.test(text)) throw new RangeError(`"${text.slice(0, 40)}" is not a decimal number`);
  const exact = new Decimal(text);
  const double = Number(text);
  const isExact = Number.isFinite(double) && canonicalNumber(double) === canonicalNumber(exact);
  if (isExact && (!Number.isInteger(double) || Number.isSafeInteger(double))) return Object.is(double, -0) ? 0 : double;
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : exact;
}

/** `-12.50` → `-125e-1`: one text for each numeric value, whatever its form. */
export function canonicalNumber(value: number | bigint | Decimal): string {
  const match = DECIMAL.exec(String(value));
  if (!match) return String(value);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return '0';
  const significant = digits.replace(/0+$/, '');
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${power}`;
}
