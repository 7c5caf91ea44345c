/**
 * Tables without borders: columns that line up, numbers to the right, nothing wider than the terminal. Knows no noun;
 * the columns of each are in `tables.ts`.
 */
import { plain, widthOf, type Colour, type Paint } from './paint.ts';

export interface Column<T> {
  readonly header: string;
  /** The cell as plain text; "" for nothing. */
  readonly value: (item: T) => string;
  readonly colour?: (item: T) => Colour | undefined;
  readonly align?: 'right';
  /** Only with `-o wide`. */
  readonly wide?: boolean;
  /** Left out when every cell is empty. */
  readonly sparse?: boolean;
  /** May be narrower than its cells to fit the terminal: cut with "…", or (the last column) wrapped onto more lines. */
  readonly flexible?: 'cut' | 'wrap';
  /** May be left out where the terminal is too narrow; the highest goes first. */
  readonly minor?: number;
}

export interface TableLayout {
  readonly wide: boolean;
  /** Characters of the terminal; Infinity where it is none. */
  readonly width: number;
  readonly paint: Paint;
}

interface Drawn<T> {
  readonly column: Column<T>;
  readonly cells: readonly string[];
  readonly width: number;
}

const GAP = 2;
/** No flexible column is made narrower than this, or than its header. */
const LEAST = { cut: 12, wrap: 24 } as const;

/** The table as lines. @param items not empty. */
export function renderTable<T>(columns: readonly Column<T>[], items: readonly T[], layout: TableLayout): string[] {
  const { paint } = layout;
  let drawn = columns
    .filter(({ wide }) => layout.wide || wide !== true)
    .map((column) => draw(column, items))
    .filter(({ column, cells }) => column.sparse !== true || cells.some((cell) => cell !== ''));
  if (!layout.wide) drawn = fit(drawn, layout.width);
  const rows = items.flatMap((item, row) => lines(drawn, (one) => ({ text: one.cells[row] ?? '', colour: one.column.colour?.(item) }), paint));
  return [...lines(drawn, ({ column }) => ({ text: column.header, colour: 'dim' }), paint), ...rows];
}

function draw<T>(column: Column<T>, items: readonly T[]): Drawn<T> {
  const cells = items.map((item) => plain(column.value(item)));
  return { column, cells, width: Math.max(widthOf(column.header), ...cells.map(widthOf)) };
}

function fit<T>(all: readonly Drawn<T>[], width: number): Drawn<T>[] {
  let drawn = [...all];
  const excess = (): number => drawn.reduce((sum, next) => sum + next.width, 0) + GAP * (drawn.length - 1) - width;
  for (const one of drawn.filter(({ column }) => column.flexible !== undefined).sort((a, b) => b.width - a.width)) {
    const over = excess();
    if (over <= 0) break;
    const least = Math.max(LEAST[one.column.flexible ?? 'cut'], widthOf(one.column.header));
    const narrowed = Math.max(Math.min(one.width, least), one.width - over);
    drawn = drawn.map((other) => (other === one ? { ...one, width: narrowed } : other));
  }
  for (const minor of drawn.filter(({ column }) => column.minor !== undefined).sort((a, b) => (b.column.minor ?? 0) - (a.column.minor ?? 0))) {
    if (excess() <= 0) break;
    drawn = drawn.filter(({ column }) => column !== minor.column);
  }
  return drawn;
}

function lines<T>(drawn: readonly Drawn<T>[], cellOf: (one: Drawn<T>) => { readonly text: string; readonly colour: Colour | undefined }, paint: Paint): string[] {
  const more: string[] = [];
  const parts = drawn.map((one, index) => {
    const { text, colour } = cellOf(one);
    const last = index === drawn.length - 1;
    const [shown = '', ...rest] = last && one.column.flexible === 'wrap' ? wrap(text, '', one.width) : [cut(text, one.width, paint)];
    const indent = ' '.repeat(drawn.slice(0, -1).reduce((sum, { width }) => sum + width + GAP, 0));
    more.push(...rest.map((part) => indent + paint(colour, part)));
    const space = ' '.repeat(Math.max(0, one.width - widthOf(shown)));
    if (one.column.align === 'right') return space + paint(colour, shown);
    return paint(colour, shown) + (last ? '' : space);
  });
  return [parts.join(' '.repeat(GAP)).trimEnd(), ...more];
}

/** Breaks at spaces; further lines begin below the first one's text. Colours count no width. */
export function wrap(text: string, lead: string, width: number): string[] {
  const indent = ' '.repeat(widthOf(lead));
  const wrapped: string[] = [];
  let line = lead;
  let fresh = true;
  for (const word of text.split(' ')) {
    if (!fresh && widthOf(line) + 1 + widthOf(word) > width) {
      wrapped.push(line.trimEnd());
      line = indent;
      fresh = true;
    }
    line += fresh ? word : ` ${word}`;
    fresh = false;
  }
  wrapped.push(line.trimEnd());
  return wrapped;
}

export function cut(text: string, width: number, paint: Pick<Paint, 'unicode'>): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const mark = paint.unicode ? '…' : '...';
  return `${characters.slice(0, Math.max(0, width - mark.length)).join('')}${mark}`;
}
