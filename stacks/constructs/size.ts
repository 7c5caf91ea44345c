// A size of storage, as a value with a unit: a number alone can never be taken for the wrong one.
// Binary units only, as everywhere in Holdfast: a gibibyte is 2^30 bytes, written `G`.

const UNITS = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;
type Unit = keyof typeof UNITS;

/** A size of a volume; made by `Size.gibibytes(10)` and its like. */
export class Size {
  /** `count` × 2^20 bytes. */
  static mebibytes(count: number): Size {
    return new Size(count, 'M');
  }

  /** `count` × 2^30 bytes. */
  static gibibytes(count: number): Size {
    return new Size(count, 'G');
  }

  /** `count` × 2^40 bytes. */
  static tebibytes(count: number): Size {
    return new Size(count, 'T');
  }

  /**
   * Reads `10G`, `512MiB` or `1tb`: a whole number and a unit, in any case.
   * @throws Error that shows the form, for anything else.
   */
  static parse(text: string): Size {
    const [, digits = '', unit = ''] = /^(\d+)([mgt])(?:i?b)?$/i.exec(text) ?? [];
    if (digits === '') throw new Error(`"${text}" is not a size: write a whole number and a unit, as in 512M, 10G or 2T`);
    return new Size(Number(digits), unit.toUpperCase() as Unit);
  }

  /** The size in bytes. */
  readonly bytes: number;
  private readonly text: string;

  private constructor(count: number, unit: Unit) {
    this.bytes = count * UNITS[unit];
    this.text = `${count}${unit}`;
    if (!Number.isInteger(count) || count < 1) throw new Error(`${this.text} is not a size: it has to be a whole number, 1 or more`);
    if (!Number.isSafeInteger(this.bytes)) throw new Error(`${this.text} is more than can be counted (2^53 bytes)`);
  }

  /** As the provider takes it: `10G`. */
  toString(): string {
    return this.text;
  }
}
