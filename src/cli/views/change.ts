/** One change of converge as lines: what, and for changes of settings each as before → after. */
import type { Change } from '../../bootstrap/change.ts';
import { plain, type Colour } from '../paint.ts';
import type { TableLayout } from '../table.ts';

const SIGNS: Readonly<Record<string, readonly [sign: string, colour: Colour]>> = {
  create: ['+', 'green'], install: ['+', 'green'], join: ['+', 'green'], resume: ['+', 'green'], grow: ['+', 'green'],
  start: ['>', 'cyan'], restart: ['>', 'cyan'], promote: ['>', 'cyan'],
};

export function changeLines({ what, name, action, before, after }: Pick<Change, 'what' | 'name' | 'action' | 'before' | 'after'>, { paint }: TableLayout): string[] {
  const [sign, colour] = SIGNS[action] ?? ['~', 'yellow'];
  const title = `${paint(colour, sign)} ${what} ${paint('bold', plain(name))} ${paint(colour, action)}`;
  const arrow = paint.unicode ? '→' : '->';
  if (!isObject(before) && !isObject(after)) return [before === null ? title : `${title}  ${paint('dim', `${shown(before)} ${arrow} ${shown(after)}`)}`];
  const [from, to] = [flat(before), flat(after)];
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((key) => from[key] !== to[key]);
  return [title, ...keys.map((key) => {
    const [old, now] = [from[key], to[key]];
    const value = old === undefined ? paint('green', now ?? '') : now === undefined ? `${paint('red', old)} ${arrow} ${paint('dim', 'none')}` : `${paint('red', old)} ${arrow} ${paint('green', now)}`;
    return `    ${paint('dim', `${plain(key)}:`)} ${value}`;
  })];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const shown = (value: unknown): string => plain(typeof value === 'string' ? value : JSON.stringify(value) ?? '');

/** `store.kind` and the like; lists are one value. */
function flat(value: unknown, prefix = ''): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).flatMap(([key, part]) => (isObject(part) && Object.keys(part).length > 0 ? Object.entries(flat(part, `${prefix}${key}.`)) : [[`${prefix}${key}`, shown(part)]])));
}
