/** Checks of single values that most schemas need. Each says what was wrong and what is allowed. */
import type { Validator } from './attribute.ts';
import { formatPath } from './diagnostics.ts';

/** A number from `least` to `most`, both included. */
export const between = (least: number, most: number): Validator<number> => (value, path, diagnostics) => {
  if (value < least || value > most) diagnostics.error('Value out of range', `${formatPath(path)} must be between ${least} and ${most}, not ${value}.`, path);
};

/** One of a few words. */
export const oneOf = (...words: readonly string[]): Validator<string> => (value, path, diagnostics) => {
  if (!words.includes(value)) diagnostics.error('Invalid value', `${formatPath(path)} must be one of ${words.map((word) => `"${word}"`).join(', ')}, not ${JSON.stringify(value)}.`, path);
};

/** Text of a certain form; `rule` completes "must ...". */
export const matching = (pattern: RegExp, rule: string): Validator<string> => (value, path, diagnostics) => {
  if (!pattern.test(value)) diagnostics.error('Invalid value', `${formatPath(path)} must ${rule}, not ${JSON.stringify(value.slice(0, 80))}.`, path);
};

/** Text that `parse` accepts; its error's message is shown. Keeps a grammar in one place. */
export const parsedBy = (parse: (text: string) => unknown): Validator<string> => (value, path, diagnostics) => {
  try {
    parse(value);
  } catch (error) {
    diagnostics.error('Invalid value', `${formatPath(path)}: ${error instanceof Error ? error.message : String(error)}`, path);
  }
};

/** Not more and not fewer elements. */
export const sizeBetween = (least: number, most: number): Validator<readonly unknown[]> => (value, path, diagnostics) => {
  if (value.length < least || value.length > most) diagnostics.error('Wrong number of elements', `${formatPath(path)} must have between ${least} and ${most} elements, not ${value.length}.`, path);
};
