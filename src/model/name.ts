/** Names of every noun: `[a-z0-9][a-z0-9._-]{0,62}`. They are never used in a path or as a device. */
import { clip } from './bytes.ts';
import { HoldfastError } from './errors.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const NAME_RULE = '1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit';

/** @throws invalid_argument that tells the first thing wrong. Returns the name. */
export function checkName(kind: string, name: string, field = 'name'): string {
  if (NAME.test(name)) return name;
  const shown = JSON.stringify(clip(name)).slice(1, -1).replace(/[^\x20-\x7e…]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  throw new HoldfastError('invalid_argument', `${field}: "${shown}" is not a name for a ${kind}: ${fault(name)}`, { object: kind, field, hint: `Use ${NAME_RULE}.` });
}

export const isName = (name: string): boolean => NAME.test(name);

function fault(name: string): string {
  if (name.length === 0) return 'it is empty';
  if (name.length > 63) return `it has ${name.length} characters, 63 are allowed`;
  if (!/^[a-z0-9]/.test(name)) return 'it must begin with a small letter or a digit';
  const wrong = [...name].find((c) => !/[a-z0-9._-]/.test(c)) ?? '';
  if (/[A-Z]/.test(wrong)) return `"${wrong}" is a capital letter`;
  if (wrong === '/' ) return 'it holds a "/"';
  return `it holds the character U+${(wrong.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9._:/@ -]{0,255}$/;
export const MAX_LABELS = 64;

/** @throws invalid_argument naming the label. Returns the labels. */
export function checkLabels(object: string, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  const wrong = (message: string): never => { throw new HoldfastError('invalid_argument', message, { object, field: 'labels', hint: 'A key is 1 to 63 letters, digits, ".", "_", "-", "/"; a value up to 255 of letters, digits, space and "._:/@-".' }); };
  if (entries.length > MAX_LABELS) wrong(`labels: ${entries.length} labels, ${MAX_LABELS} are allowed`);
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key)) wrong(`labels: "${clip(key)}" is not a label key`);
    if (!LABEL_VALUE.test(value)) wrong(`labels: the value of "${key}" is not a label value`);
  }
  return labels;
}
