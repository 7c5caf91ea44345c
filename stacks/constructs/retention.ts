// How long the data of a destroyed volume is kept in the trash, from where it can be restored.

/** A time in the trash; made by `Retention.days(7)`, `Retention.hours(12)` or `Retention.none()`. */
export class Retention {
  /** Kept for `count` days. */
  static days(count: number): Retention {
    return new Retention(count, 'd');
  }

  /** Kept for `count` hours. */
  static hours(count: number): Retention {
    return new Retention(count, 'h');
  }

  /** Not kept at all: a destroyed volume's data is gone at once. */
  static none(): Retention {
    return new Retention(0, '');
  }

  private readonly text: string;

  private constructor(count: number, unit: string) {
    if (!Number.isInteger(count) || count < (unit === '' ? 0 : 1)) throw new Error(`a retention of ${count}${unit} is not possible: use a whole number, 1 or more, or Retention.none()`);
    this.text = `${count}${unit}`;
  }

  /** As the provider takes it: `7d`, `0`. */
  toString(): string {
    return this.text;
  }
}
