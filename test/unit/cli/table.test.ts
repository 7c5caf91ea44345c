import { describe, expect, it } from '@jest/globals';
import { createPaint, widthOf } from '../../../src/cli/paint.ts';
import { cut, renderTable, wrap, type Column } from '../../../src/cli/table.ts';

interface Row { readonly name: string; readonly size: string; readonly note: string }
const rows: readonly Row[] = [{ name: 'a', size: '10 GiB', note: 'a long note that goes on and on' }, { name: 'longer', size: '1 MiB', note: '' }];
const columns: readonly Column<Row>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'SIZE', value: ({ size }) => size, align: 'right', minor: 1 },
  { header: 'NOTE', value: ({ note }) => note, flexible: 'cut' },
  { header: 'EMPTY', value: () => '', sparse: true },
  { header: 'ID', value: ({ name }) => `id-${name}`, wide: true },
];
const plain = { wide: false, width: Infinity, paint: createPaint(false, true) };

describe('a table', () => {
  it('lines up its columns, numbers to the right, without blanks at the ends', () => {
    expect(renderTable(columns, rows, plain)).toEqual(['NAME      SIZE  NOTE', 'a       10 GiB  a long note that goes on and on', 'longer   1 MiB']);
  });
  it('shows all columns when asked for wide, however narrow the terminal', () => {
    expect(renderTable(columns, rows, { ...plain, wide: true, width: 20 })[1]).toBe('a       10 GiB  a long note that goes on and on  id-a');
  });
  it('cuts what is flexible to the width of the terminal', () => {
    expect(renderTable(columns, rows, { ...plain, width: 36 })).toEqual(['NAME      SIZE  NOTE', 'a       10 GiB  a long note that go…', 'longer   1 MiB']);
  });
  it('leaves out what is minor where cutting does not suffice', () => {
    expect(renderTable(columns, rows, { ...plain, width: 22 })).toEqual(['NAME    NOTE', 'a       a long note…', 'longer']);
  });
  it('wraps a last column that is better read whole', () => {
    const wrapping = columns.map((column) => (column.header === 'NOTE' ? { ...column, flexible: 'wrap' as const } : column));
    expect(renderTable(wrapping, rows, { ...plain, width: 42 })).toEqual(['NAME      SIZE  NOTE', 'a       10 GiB  a long note that goes on', '                and on', 'longer   1 MiB']);
  });
  it('is never wider than the terminal where it can be helped', () => {
    for (let width = 20; width < 60; width += 1) {
      for (const line of renderTable(columns, rows, { ...plain, width })) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });
  it('keeps its columns in line with colours on', () => {
    const coloured = columns.map((column) => ({ ...column, colour: () => 'green' as const }));
    const lines = renderTable(coloured, rows, { ...plain, paint: createPaint(true, true) });
    expect(lines.slice(1).map(widthOf)).toEqual(renderTable(columns, rows, plain).slice(1).map(widthOf));
  });
  it('takes control characters out of foreign text', () => {
    expect(renderTable(columns.slice(0, 1), [{ name: 'x\u001b[31m', size: '', note: '' }], plain)[1]).toBe('x�[31m');
  });
});

it('cut marks that something is missing', () => {
  expect([cut('abcdef', 4, { unicode: true }), cut('abcdef', 4, { unicode: false }), cut('abc', 4, { unicode: true })]).toEqual(['abc…', 'a...', 'abc']);
});

it('wrap begins further lines below the text, and never breaks a word', () => {
  expect(wrap('one two three-and-more', '> ', 9)).toEqual(['> one two', '  three-and-more']);
});
