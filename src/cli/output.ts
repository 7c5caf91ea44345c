/**
 * Everything that a command prints goes through here: results to standard output as a table for people, or as JSON or
 * YAML for programs; notes, warnings and errors to standard error. It decides the form, never the content.
 */
import type { ErrorBody } from '../model/errors.ts';
import type { Host } from './host.ts';
import { createPaint, plain, wantsColours, wantsUnicode, type Paint } from './paint.ts';
import { renderTable, wrap, type Column, type TableLayout } from './table.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export interface Output {
  readonly format: Format;
  /** For people (table, wide), not for programs. */
  readonly human: boolean;
  readonly layout: TableLayout;
  /** @param empty what to do next where there is nothing yet; said on standard error. */
  list<T>(items: readonly T[], columns: () => readonly Column<T>[], empty: string): Promise<void>;
  /** @param view its lines for people; called for them only. */
  object(object: unknown, view: () => readonly string[] | Promise<readonly string[]>): Promise<void>;
  /** What a change made: sentences for people, the object for programs. Its warnings are said to people too. */
  changed(object: object, ...sentences: readonly string[]): Promise<void>;
  /** One of a stream: one line of JSON, or one YAML document. */
  item(object: unknown, line: () => string): Promise<void>;
  print(line: string): void;
  /** On standard error, for people only. */
  note(sentence: string): void;
  warn(sentence: string): void;
}

export function createOutput(host: Host, format: Format): Output {
  const unicode = wantsUnicode(host.env);
  const paint = createPaint(wantsColours(host.env, host.stdout.isTTY === true), unicode);
  const errorPaint = createPaint(wantsColours(host.env, host.stderr.isTTY === true), unicode);
  const human = format === 'table' || format === 'wide';
  const layout: TableLayout = { wide: format === 'wide', width: widthOfTerminal(host.stdout), paint };
  const print = (text: string): void => { host.stdout.write(`${text}\n`); };
  const note = (sentence: string): void => { if (human) host.stderr.write(`${errorPaint('dim', plain(sentence))}\n`); };
  const warn = (sentence: string): void => { if (human) host.stderr.write(`${errorPaint('yellow', 'warning:')} ${plain(sentence)}\n`); };
  const data = async (value: unknown): Promise<void> => print(await serialise(value, format));
  return {
    format, human, layout, print, note, warn,
    async list(items, columns, empty) {
      if (!human) return data({ items });
      if (items.length === 0) return note(empty);
      for (const line of renderTable(columns(), items, layout)) print(line);
    },
    async object(object, view) {
      if (!human) return data(object);
      for (const line of await view()) print(line);
    },
    async changed(object, ...sentences) {
      if (!human) return data(object);
      for (const sentence of sentences) print(sentence);
      for (const warning of (object as { readonly warnings?: readonly string[] }).warnings ?? []) warn(warning);
    },
    async item(object, line) {
      if (format === 'json') print(JSON.stringify(object));
      else if (format === 'yaml') print(`---\n${await serialise(object, format)}`);
      else print(line());
    },
  };
}

async function serialise(value: unknown, format: Format): Promise<string> {
  if (format !== 'yaml') return JSON.stringify(value, null, 2);
  const { stringify } = await import('./yaml.ts');
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

export const widthOfTerminal = ({ isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number }): number =>
  isTTY === true && columns !== undefined && columns > 0 ? columns : Infinity;

/** An error for people: what, about which object and field, and the way out. */
export function errorLines({ message, detail }: ErrorBody, paint: Paint, width: number): string[] {
  const said = detail.object === undefined && detail.field !== undefined && message.includes(detail.field);
  const where = said ? '' : [...new Set([detail.object, detail.field])].filter((part) => part !== undefined && part !== '').join(' / ');
  return [
    ...wrap(plain(message), `${paint('red', paint.colours ? '\u001b[1merror:\u001b[22m' : 'error:')} `, width),
    ...(where === '' ? [] : [`  ${paint('dim', plain(where))}`]),
    ...(detail.hint === undefined || detail.hint === '' ? [] : wrap(plain(detail.hint), `  ${paint('cyan', 'hint:')} `, width)),
  ];
}

/** Writes the error to standard error in the form that was asked for. */
export async function printError(host: Host, format: Format, body: ErrorBody): Promise<void> {
  if (format === 'json' || format === 'yaml') {
    host.stderr.write(`${await serialise(body, format)}\n`);
    return;
  }
  const paint = createPaint(wantsColours(host.env, host.stderr.isTTY === true), wantsUnicode(host.env));
  host.stderr.write(`${errorLines(body, paint, widthOfTerminal(host.stderr)).join('\n')}\n`);
}
