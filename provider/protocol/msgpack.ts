/**
 * MessagePack primitives: a reader and a writer of single tokens. Own code because Terraform's numbers travel as int64,
 * float64 or decimal text and every extension means "unknown"; general libraries lose digits or refuse such data.
 * Knows no types of Terraform; `value-codec.ts` does.
 */
import { Decimal, parseNumber } from './number.ts';

/** Reads one token after the other. Every method throws RangeError for cut-off data and TypeError for another token. */
export class MsgpackReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) { this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength); }

  /** How many bytes are left. */
  get remaining(): number { return this.#bytes.length - this.#at; }

  /** Consumes nil, if that is next. */
  takeNil(): boolean {
    if (this.#peek() !== 0xc0) return false;
    this.#at += 1;
    return true;
  }

  /** Consumes an extension of any code and length, if one is next. */
  takeExtension(): boolean {
    const code = this.#peek();
    if (!((code >= 0xc7 && code <= 0xc9) || (code >= 0xd4 && code <= 0xd8))) return false;
    this.#at += 1;
    const length = code >= 0xd4 ? 1 << (code - 0xd4) : this.#unsigned(1 << (code - 0xc7));
    this.#take(1 + length);
    return true;
  }

  bool(): boolean {
    const code = this.#unsigned(1);
    if (code !== 0xc2 && code !== 0xc3) throw unexpected('a bool', code);
    return code === 0xc3;
  }

  string(): string { return this.#take(this.#length('a string', 0xa0, 0x1f, [0xd9, 0xda, 0xdb])).toString('utf8'); }

  binary(): Buffer {
    const code = this.#peek();
    return code >= 0xc4 && code <= 0xc6 ? this.#take(this.#length('bytes', -1, 0, [0xc4, 0xc5, 0xc6])) : Buffer.from(this.string());
  }

  arrayLength(): number { return this.#length('a list', 0x90, 0x0f, [undefined, 0xdc, 0xdd]); }

  mapLength(): number { return this.#length('a map', 0x80, 0x0f, [undefined, 0xde, 0xdf]); }

  number(): number | bigint | Decimal {
    const code = this.#peek();
    if (code >= 0xa0 && code <= 0xbf || code >= 0xd9 && code <= 0xdb) return parseNumber(this.string());
    this.#at += 1;
    if (code < 0x80) return code;
    if (code >= 0xe0) return code - 0x100;
    switch (code) {
      case 0xca: return wholeAsInteger(this.#take(4).readFloatBE());
      case 0xcb: return wholeAsInteger(this.#take(8).readDoubleBE());
      case 0xcc: case 0xcd: case 0xce: return this.#unsigned(1 << (code - 0xcc));
      case 0xcf: return smallest(this.#take(8).readBigUInt64BE());
      case 0xd0: case 0xd1: case 0xd2: { const size = 1 << (code - 0xd0); return this.#take(size).readIntBE(0, size); }
      case 0xd3: return smallest(this.#take(8).readBigInt64BE());
      default: throw unexpected('a number', code);
    }
  }

  #peek(): number {
    const code = this.#bytes[this.#at];
    if (code === undefined) throw new RangeError('the value ends too early');
    return code;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new RangeError('the value ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #unsigned(size: number): number { return this.#take(size).readUIntBE(0, size); }

  #length(what: string, fixed: number, mask: number, [code8, code16, code32]: readonly (number | undefined)[]): number {
    const code = this.#unsigned(1);
    if ((code & ~mask & 0xff) === fixed) return code & mask;
    if (code === code8) return this.#unsigned(1);
    if (code === code16) return this.#unsigned(2);
    if (code === code32) return this.#unsigned(4);
    throw unexpected(what, code);
  }
}

/** Writes one token after the other into a growing buffer. */
export class MsgpackWriter {
  #bytes = Buffer.allocUnsafe(256);
  #at = 0;

  nil(): void { this.#byte(0xc0); }

  /** A fixed extension of code 0: how Terraform writes an unknown value about which nothing is promised. */
  unknown(): void {
    this.#byte(0xd4);
    this.#byte(0);
    this.#byte(0);
  }

  bool(value: boolean): void { this.#byte(value ? 0xc3 : 0xc2); }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(length, 0xa0, 0x20, [0xd9, 0xda, 0xdb]);
    this.#room(length);
    this.#at += this.#bytes.write(value, this.#at);
  }

  binary(value: Uint8Array): void {
    this.#head(value.length, 0, 0, [0xc4, 0xc5, 0xc6]);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  arrayLength(length: number): void { this.#head(length, 0x90, 0x10, [undefined, 0xdc, 0xdd]); }

  mapLength(length: number): void { this.#head(length, 0x80, 0x10, [undefined, 0xde, 0xdf]); }

  /** @throws RangeError for NaN and infinity: Terraform's decoder would end its process on them. */
  number(value: number | bigint | Decimal): void {
    if (value instanceof Decimal) return this.string(value.text);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      if (!Number.isFinite(value)) throw new RangeError(`${value} is not a number Terraform can hold`);
      return this.string(String(value)); // decimal text is exact in every version of Terraform, a float64 is not
    }
    if (value >= 0 && value < 0x80) return this.#byte(Number(value));
    if (value < 0 && value >= -0x20) return this.#byte(Number(value) + 0x100);
    const integer = BigInt(value);
    if (integer !== BigInt.asIntN(64, integer)) return this.string(integer.toString());
    this.#byte(0xd3);
    this.#room(8);
    this.#at = this.#bytes.writeBigInt64BE(integer, this.#at);
  }

  /** The bytes written so far; the writer must not be used afterwards. */
  finish(): Buffer { return this.#bytes.subarray(0, this.#at); }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #head(length: number, fixed: number, fixedBelow: number, [code8, code16, code32]: readonly [number | undefined, number, number]): void {
    if (length < fixedBelow) return this.#byte(fixed | length);
    const [code, size] = code8 !== undefined && length < 0x100 ? [code8, 1] : length < 0x10000 ? [code16, 2] : [code32, 4];
    this.#byte(code);
    this.#room(size);
    this.#at = this.#bytes.writeUIntBE(length, this.#at, size);
  }
}

const smallest = (value: bigint): number | bigint => (value === BigInt(Number(value)) && Number.isSafeInteger(Number(value)) ? Number(value) : value);
function wholeAsInteger(value: number): number | bigint {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not a number Terraform can hold`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return BigInt(value);
  return Object.is(value, -0) ? 0 : value;
}
const unexpected = (wanted: string, code: number): TypeError => new TypeError(`${wanted} was expected, not the token 0x${code.toString(16)}`);
