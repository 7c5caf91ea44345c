/**
 * The `timeouts` attribute of resources and data sources, and durations as Terraform's users write them (`30m`, `1h30m`).
 * The framework turns them into the deadline of the operation's AbortSignal; definitions only declare them.
 */
import { Attribute, t, type NewAttribute, type Shape, type Validator } from './attribute.ts';
import { formatPath } from './diagnostics.ts';

export type TimedOperation = 'create' | 'read' | 'update' | 'delete';
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Timers of Node end at 2^31-1 ms. */
const LONGEST_MS = 24 * UNIT_MS['h']! * 24;

/**
 * Reads `90s`, `1h30m`, `1.5h` to milliseconds.
 * @throws RangeError saying how to write a duration, for anything else, for zero and for more than 24 days.
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const whole = parts.map(([part]) => part).join('');
  if (text === '' || whole !== text) throw new RangeError(`"${text.slice(0, 40)}" is not a duration; write a number and a unit (s, m or h), such as "90s", "30m" or "1h30m"`);
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
  if (ms < 1) throw new RangeError(`"${text}" is no time at all; leave the attribute out for the default`);
  if (ms > LONGEST_MS) throw new RangeError(`"${text.slice(0, 40)}" is longer than the 576h that are possible`);
  return Math.round(ms);
}

const isDuration: Validator<string> = (text, path, diagnostics) => {
  try {
    parseDuration(text);
  } catch (error) {
    diagnostics.error('Invalid duration', `${formatPath(path)}: ${(error as Error).message}.`, path);
  }
};

type OptionalText<K extends string> = { [N in K]: string | null };
interface TimeoutsShape<K extends string> extends Shape { readonly state: OptionalText<K>; readonly plan: OptionalText<K>; readonly config: OptionalText<K>; readonly draft: OptionalText<K> }

/**
 * The attribute to put under the name `timeouts`, with the default of each operation the user may change:
 * `timeouts: timeouts({ create: '20m', delete: '10m' })`.
 */
export function timeouts<const K extends TimedOperation>(defaults: Readonly<Record<K, string>>): NewAttribute<TimeoutsShape<K>> {
  const entries = Object.entries<string>(defaults);
  const attributes = Object.fromEntries(entries.map(([operation, text]) => [
    operation, t.string().validate(isDuration).describe(`How long ${operation} may take, such as \`90s\`, \`30m\` or \`1h30m\`. Default \`${text}\`.`),
  ]));
  const object = t.object(attributes).describe('How long each operation may take before it is given up.');
  return new Attribute({ ...object.spec, timeouts: Object.fromEntries(entries.map(([operation, text]) => [operation, parseDuration(text)])) });
}
