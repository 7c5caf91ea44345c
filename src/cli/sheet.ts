/** One object on a page: a title, rows of `name  value`, sections below each other. Knows no noun. */
import { plain, type Colour } from './paint.ts';
import { renderTable, wrap, type Column, type TableLayout } from './table.ts';

/** A value may be painted by the caller; then it must be plain otherwise. */
export type Row = readonly [name: string, value: string | readonly string[] | null];

export interface Sheet {
  /** `volume db  ready` */
  title(kind: string, name: string, state?: string, colour?: Colour): Sheet;
  /** Rows without a value ("" or null) are left out, and so is a section without rows. */
  section(heading: string | null, rows: readonly Row[]): Sheet;
  table<T>(heading: string, columns: readonly Column<T>[], items: readonly T[]): Sheet;
  /** What is not as it should be, each with what to do. */
  conditions(conditions: readonly { readonly type: string; readonly message: string; readonly hint: string; readonly note?: string }[]): Sheet;
  lines(): string[];
}

const INDENT = '  ';

export function createSheet(layout: TableLayout): Sheet {
  const { paint } = layout;
  const out: string[] = [];
  const heading = (text: string): void => { out.push('', paint('bold', text)); };
  const sheet: Sheet = {
    title(kind, name, state = '', colour) {
      const dot = state === '' ? '' : `  ${paint(colour, `${paint.unicode ? '● ' : ''}${state}`)}`;
      out.push(`${kind} ${paint('bold', plain(name))}${dot}`);
      return sheet;
    },
    section(title, rows) {
      const shown = rows.flatMap(([name, value]) => {
        const values = value === null ? [] : (typeof value === 'string' ? [value] : value).filter((one) => one !== '');
        return values.map((one, index) => [index === 0 ? name : '', one] as const);
      });
      if (shown.length === 0) return sheet;
      if (title === null) out.push('');
      else heading(title);
      const width = Math.max(...shown.map(([name]) => name.length), 12);
      for (const [name, value] of shown) out.push(...wrap(value, `${INDENT}${paint('dim', name.padEnd(width))}  `, layout.width));
      return sheet;
    },
    table(title, columns, items) {
      if (items.length === 0) return sheet;
      heading(title);
      out.push(...renderTable(columns, items, { ...layout, width: layout.width - INDENT.length }).map((line) => INDENT + line));
      return sheet;
    },
    conditions(conditions) {
      if (conditions.length === 0) return sheet;
      heading('conditions');
      for (const { type, message, hint, note } of conditions) {
        const lead = `${INDENT}${paint('yellow', paint.unicode ? '▲' : '!')} `;
        out.push(...wrap(`${paint('yellow', plain(type))}  ${plain(message)}${note === undefined ? '' : paint('dim', `  (${note})`)}`, lead, layout.width));
        if (hint !== '') out.push(...wrap(plain(hint), `${INDENT}  ${paint('dim', paint.unicode ? '→' : '>')} `, layout.width));
      }
      return sheet;
    },
    lines: () => out,
  };
  return sheet;
}
