/**
 * A small protobuf codec driven by tables: a message is declared once as a record of fields, and both its bytes and its
 * TypeScript type follow from that. Reads and writes proto3; unknown fields are skipped, as the format demands.
 */

/** One field. `D` is what decoding gives, `E` what encoding accepts. */
export interface Field<D, E> {
  readonly number: number;
  readonly wire: 0 | 2;
  /** The value of a field that is not in the bytes. */
  empty(): D;
  /** Merges one occurrence in the bytes into what was read before. */
  read(reader: WireReader, before: D): D;
  write(writer: WireWriter, value: E): void;
}
type FieldTable = Readonly<Record<string, Field<never, never> | Field<unknown, unknown>>>;

/** A message type. `D` is the decoded form (every field present), `E` the form to encode (every field optional). */
export interface MessageType<D, E> {
  decode(bytes: Uint8Array): D;
  encode(value: E): Buffer;
}
export type Decoded<M> = M extends MessageType<infer D, infer _E> ? D : never;
export type Encodable<M> = M extends MessageType<infer _D, infer E> ? E : never;

type DecodedFields<F> = { [K in keyof F]: F[K] extends Field<infer D, infer _E> ? D : never };
type EncodableFields<F> = { [K in keyof F]?: (F[K] extends Field<infer _D, infer E> ? E : never) | undefined };

/** Declares a message: `message({ summary: text(2), steps: repeated(1, step) })`. */
export function message<const F extends Readonly<Record<string, Field<never, never>>> | FieldTable>(fields: F): MessageType<DecodedFields<F>, EncodableFields<F>> {
  const table = Object.entries(fields as Record<string, Field<unknown, unknown>>);
  const byNumber = new Map(table.map(([name, field]) => [field.number, { name, field }]));
  return {
    decode(bytes) {
      const value = Object.fromEntries(table.map(([name, field]) => [name, field.empty()]));
      const reader = new WireReader(bytes);
      while (!reader.finished) {
        const tag = Number(reader.varint());
        const known = byNumber.get(tag >>> 3);
        if (known?.field.wire === (tag & 7)) value[known.name] = known.field.read(reader, value[known.name]);
        else reader.skip(tag & 7);
      }
      return value as DecodedFields<F>;
    },
    encode(value) {
      const writer = new WireWriter();
      const given = value as Record<string, unknown>;
      for (const [name, field] of table) if (given[name] !== undefined) field.write(writer, given[name]);
      return writer.finish();
    },
  };
}

function scalar<T>(number: number, wire: 0 | 2, zero: () => T, isZero: (value: T) => boolean, get: (reader: WireReader) => T, put: (writer: WireWriter, value: T) => void): Field<T, T> {
  return {
    number, wire, empty: zero,
    read: (reader) => get(reader),
    write: (writer, value) => {
      if (isZero(value)) return;
      writer.tag(number, wire);
      put(writer, value);
    },
  };
}
export const text = (number: number): Field<string, string> =>
  scalar(number, 2, () => '', (value) => value === '', (reader) => reader.bytes().toString('utf8'), (writer, value) => { writer.bytes(Buffer.from(value)); });
export const bytes = (number: number): Field<Buffer, Uint8Array> => {
  const field = scalar<Uint8Array>(number, 2, () => Buffer.alloc(0), (value) => value.length === 0, (reader) => reader.bytes(), (writer, value) => { writer.bytes(value); });
  return field as Field<Buffer, Uint8Array>;
};
export const bool = (number: number): Field<boolean, boolean> =>
  scalar(number, 0, () => false, (value) => !value, (reader) => reader.varint() !== 0n, (writer, value) => { writer.varint(value ? 1n : 0n); });
/** int32, int64 and enums. Values beyond 2^53 lose digits; the protocol has none. */
export const int = (number: number): Field<number, number> =>
  scalar(number, 0, () => 0, (value) => value === 0, (reader) => Number(BigInt.asIntN(64, reader.varint())), (writer, value) => { writer.varint(BigInt.asUintN(64, BigInt(value))); });

/** A field with explicit presence (`optional`, or a member of a `oneof`): sent even when it is empty, undefined when absent. */
export function optional<D, E>(field: Field<D, E>): Field<D | undefined, E> {
  return {
    number: field.number, wire: field.wire, empty: () => undefined,
    read: (reader) => field.read(reader, field.empty()),
    write: (writer, value) => {
      const before = writer.length;
      field.write(writer, value);
      if (writer.length !== before) return;
      writer.tag(field.number, field.wire);
      writer.varint(0n); // zero, false, and a length of no bytes are all this one byte
    },
  };
}

/** One embedded message; undefined when absent. */
export function embedded<D, E>(number: number, type: () => MessageType<D, E>): Field<D | undefined, E> {
  return {
    number, wire: 2, empty: () => undefined,
    read: (reader) => type().decode(reader.bytes()),
    write: (writer, value) => {
      writer.tag(number, 2);
      writer.bytes(type().encode(value));
    },
  };
}

export function repeated<D, E>(number: number, type: () => MessageType<D, E>): Field<D[], readonly E[]> {
  const one = embedded(number, type);
  return {
    number, wire: 2, empty: () => [],
    read: (reader, before) => {
      before.push(type().decode(reader.bytes()));
      return before;
    },
    write: (writer, values) => { for (const value of values) one.write(writer, value); },
  };
}

/** `map<string, Message>`. */
export function mapOf<D, E>(number: number, type: () => MessageType<D, E>): Field<Record<string, D>, Readonly<Record<string, E>>> {
  const entry = message({ key: text(1), value: embedded(2, type) });
  return {
    number, wire: 2, empty: () => Object.create(null) as Record<string, D>,
    read: (reader, before) => {
      const { key, value } = entry.decode(reader.bytes());
      before[key] = value ?? type().decode(new Uint8Array());
      return before;
    },
    write: (writer, values) => {
      for (const [key, value] of Object.entries(values)) {
        writer.tag(number, 2);
        writer.bytes(entry.encode({ key, value }));
      }
    },
  };
}

/** Reads the tokens of the wire format. Every method throws RangeError for cut-off or malformed data. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(data: Uint8Array) { this.#bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength); }

  get finished(): boolean { return this.#at >= this.#bytes.length; }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new RangeError('the message ends too early');
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a number of more than ten bytes');
  }

  bytes(): Buffer { return this.#take(Number(this.varint())); }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#take(8);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#take(4);
    else throw new RangeError(`wire type ${wire} does not exist in proto3`);
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new RangeError('the message ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Writes the tokens of the wire format; pieces are joined once, at the end. */
export class WireWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number { return this.#length; }

  tag(number: number, wire: 0 | 2): void { this.varint(BigInt(number * 8 + wire)); }

  varint(value: bigint): void {
    const out: number[] = [];
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
    out.push(Number(rest));
    this.#push(Uint8Array.from(out));
  }

  bytes(value: Uint8Array): void {
    this.varint(BigInt(value.length));
    this.#push(value);
  }

  finish(): Buffer { return Buffer.concat(this.#pieces, this.#length); }

  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}
