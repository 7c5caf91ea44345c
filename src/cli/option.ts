/** The options and arguments of a command as values with types, so that a command gets what it declared, read and checked. */
import { clip, parseSize, type Bytes } from '../model/bytes.ts';
import { parseDuration, type Millis } from '../model/duration.ts';
import { HoldfastError } from '../model/errors.ts';
import { checkLabels } from '../model/name.ts';
import type { Labels } from '../model/record.ts';

/** What a word is completed with: live names, fixed values, or the shell's own paths. */
export type Completion = 'volume' | 'pool' | 'snapshot' | 'node' | 'operation' | 'trash' | 'object' | 'file' | 'directory' | readonly string[];

export interface Option<T> {
  /** As commander takes them; two for a switch that can also be switched off. */
  readonly flags: readonly string[];
  readonly description: readonly string[];
  /** Value when it is not given. */
  readonly absent: T;
  /** Reads one occurrence; `before` is what earlier ones made. Missing for flags. */
  readonly read?: (text: string, before: unknown) => unknown;
  readonly complete?: Completion;
}

export interface Argument<T> {
  /** As it stands in the usage line: `VOLUME`. */
  readonly label: string;
  readonly description: string;
  readonly required: boolean;
  readonly complete?: Completion;
  /** Only tells the type. */
  readonly type?: T;
}

const bad = (message: string, field: string, hint: string): HoldfastError => new HoldfastError('invalid_argument', message, { field, hint });
/** `--size` of `--size <size>`. */
const nameOf = (flags: string): string => /--[a-z-]+/.exec(flags)?.[0] ?? flags;
const once = <T>(flags: string, description: string, read: (text: string, field: string) => T, complete?: Completion): Option<T | undefined> => ({
  flags: [flags], description: [description], absent: undefined, ...(complete === undefined ? {} : { complete }),
  read(text, before) {
    if (before !== undefined) throw bad(`${nameOf(flags)} is given twice`, nameOf(flags), 'Keep one of them.');
    return read(text, nameOf(flags));
  },
});

export const flag = (flags: string, description: string): Option<boolean> => ({ flags: [flags], description: [description], absent: false });

/** `--protect` and `--no-protect`; undefined when neither is given. */
export const toggle = (flag: string, on: string, off: string): Option<boolean | undefined> => ({
  flags: [flag, flag.replace('--', '--no-')], description: [on, off], absent: undefined,
});

export const text = (flags: string, description: string, complete?: Completion): Option<string | undefined> => once(flags, description, (value) => value, complete);

export const choice = <const V extends string>(flags: string, description: string, values: readonly V[]): Option<V | undefined> =>
  once(flags, description, (value, field) => {
    const found = values.find((one) => one === value);
    if (found === undefined) throw bad(`${field}: "${clip(value)}" is not one of ${values.join(', ')}`, field, `For example ${field} ${values[0] ?? ''}.`);
    return found;
  }, values);

export const size = (flags: string, description: string): Option<Bytes | undefined> => once(flags, description, (value, field) => parseSize(value, field));

export const duration = (flags: string, description: string): Option<Millis | undefined> => once(flags, description, (value, field) => parseDuration(value, field));

export const integer = (flags: string, description: string, least: number, most: number): Option<number | undefined> =>
  once(flags, description, (value, field) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
    if (!(number >= least && number <= most)) throw bad(`${field}: "${clip(value)}" is not a whole number from ${least} to ${most}`, field, `For example ${field} ${least}.`);
    return number;
  });

export const decimal = (flags: string, description: string): Option<number | undefined> =>
  once(flags, description, (value, field) => {
    if (!/^\d{1,6}(\.\d{1,6})?$/.test(value)) throw bad(`${field}: "${clip(value)}" is not a number`, field, `For example ${field} 1.5.`);
    return Number(value);
  });

/** May be given more than once. */
export const list = (flags: string, description: string, complete?: Completion): Option<readonly string[] | undefined> => ({
  flags: [flags], description: [description], absent: undefined, ...(complete === undefined ? {} : { complete }),
  read: (value, before) => [...((before ?? []) as string[]), value],
});

/** `key=value`, may be given more than once. */
export const labels = (flags: string, description: string): Option<Labels | undefined> => ({
  flags: [flags], description: [description], absent: undefined,
  read(value, before) {
    const [field, at] = [nameOf(flags), value.indexOf('=')];
    if (at < 1) throw bad(`${field}: "${clip(value)}" is not key=value`, field, `For example ${field} app=shop.`);
    const [key, word] = [value.slice(0, at), value.slice(at + 1)];
    const known = (before ?? {}) as Labels;
    if (Object.hasOwn(known, key)) throw bad(`${field}: the label "${clip(key)}" is given twice`, field, 'Keep one of them.');
    return checkLabels('label', { ...known, [key]: word });
  },
});

export const argument = (label: string, description: string, complete?: Completion): Argument<string> => ({ label, description, required: true, ...(complete === undefined ? {} : { complete }) });
export const optionalArgument = (label: string, description: string, complete?: Completion): Argument<string | undefined> => ({ label, description, required: false, ...(complete === undefined ? {} : { complete }) });

/** For the commands whose change may take long. */
export const WAITING = {
  wait: { flags: ['--no-wait'], description: ['Return when the change is accepted, and leave it to go on by itself.'], absent: true } satisfies Option<boolean>,
  timeout: duration('--timeout <duration>', 'Wait at most so long, such as 30s or 5m; the change goes on. Default: until it is done.'),
};
export const YES = flag('-y, --yes', 'Do not ask before data is deleted for good.');
