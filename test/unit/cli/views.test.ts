/** Golden outputs: what people see of fixed data. Look at a change of a snapshot as a reader would. */
import { describe, expect, it } from '@jest/globals';
import { createPaint } from '../../../src/cli/paint.ts';
import { progressLine } from '../../../src/cli/progress.ts';
import { renderTable, type Column, type TableLayout } from '../../../src/cli/table.ts';
import { capacityColumns, eventColumns, nodeColumns, operationColumns, poolColumns, snapshotColumns, trashColumns, usersInShort, volumeColumns, type Names } from '../../../src/cli/tables.ts';
import { nodeSheet } from '../../../src/cli/views/node.ts';
import { operationSheet } from '../../../src/cli/views/operation.ts';
import { poolSheet } from '../../../src/cli/views/pool.ts';
import { snapshotSheet } from '../../../src/cli/views/snapshot.ts';
import { statusSheet } from '../../../src/cli/views/status.ts';
import { volumeSheet } from '../../../src/cli/views/volume.ts';
import { NOW } from './fake-host.ts';
import { broken, event, failedOperation, node, operation, pool, snapshot, status, trashed, volume } from './fixtures.ts';

const names: Names = { pool: (id) => (id === pool.id ? 'main' : id), node: (id) => (id === node.id ? 'node-1' : id) };
const layout: TableLayout = { wide: false, width: 110, paint: createPaint(false, true) };
const shown = (lines: readonly string[]): string => `\n${lines.join('\n')}\n`;
const table = <T>(columns: readonly Column<T>[], items: readonly T[], more: Partial<TableLayout> = {}): string => shown(renderTable(columns, items, { ...layout, ...more }));

describe('tables', () => {
  it.each([['at its usual width', {}], ['on a narrow terminal', { width: 60 }], ['with all columns', { wide: true, width: Infinity }]] as const)('of volumes %s', (_, more) => {
    expect(table(volumeColumns(names, NOW), [volume, broken], more)).toMatchSnapshot();
  });
  it('of pools', () => expect(table(poolColumns(NOW), [pool])).toMatchSnapshot());
  it('of snapshots', () => expect(table(snapshotColumns(NOW), [snapshot])).toMatchSnapshot());
  it('of the trash', () => expect(table(trashColumns(names, NOW), [trashed])).toMatchSnapshot());
  it('of nodes', () => expect(table(nodeColumns(NOW), [node])).toMatchSnapshot());
  it('of operations', () => expect(table(operationColumns(NOW), [operation, failedOperation])).toMatchSnapshot());
  it('of events', () => expect(table(eventColumns(), [event])).toMatchSnapshot());
  it('of capacity', () => expect(table(capacityColumns(), status.capacity.pools)).toMatchSnapshot());
});

describe('sheets', () => {
  it('of a volume in use', () => expect(shown(volumeSheet(volume, [snapshot], names, layout, NOW))).toMatchSnapshot());
  it('of a volume in trouble', () => expect(shown(volumeSheet(broken, [], names, layout, NOW))).toMatchSnapshot());
  it('of a volume in the trash', () => expect(shown(volumeSheet(trashed, [], names, layout, NOW))).toMatchSnapshot());
  it('of a pool', () => expect(shown(poolSheet(pool, [volume, broken], names, layout, NOW))).toMatchSnapshot());
  it('of a snapshot', () => expect(shown(snapshotSheet(snapshot, layout, NOW))).toMatchSnapshot());
  it('of a node', () => expect(shown(nodeSheet(node, layout, NOW))).toMatchSnapshot());
  it('of a failed operation', () => expect(shown(operationSheet(failedOperation, layout, NOW))).toMatchSnapshot());
  it('of the status', () => expect(shown(statusSheet(status, [pool], layout, NOW))).toMatchSnapshot());
  it('of the status without a pool say how to begin', () => {
    const empty = { ...status, counts: { pools: 0, volumes: 0, snapshots: 0, trash: 0, operations_running: 0 }, volumes_by_state: {}, problems: [] };
    expect(shown(statusSheet(empty, [], layout, NOW))).toMatchSnapshot();
  });
  it('in plain ASCII where the locale knows no more', () => {
    expect(shown(statusSheet(status, [pool], { ...layout, paint: createPaint(false, false) }, NOW))).toMatch(/^[\x00-\x7f]*$/);
  });
});

it('the users of a volume are counted where they are many', () => {
  const of = (consumers: readonly (readonly [string, string | null])[]): string => usersInShort({ ...volume.status, publications: consumers.map(([consumer, path]) => ({ consumer, path, read_only: false, since: '', boot_id: '' })) });
  expect([of([]), of([['docker:a', null]]), of([['docker:a', null], ['docker:b', null], ['path:/x', '/x']]), of([['path:/x', '/x'], ['path:/y', '/y'], ['path:/z', '/z']])]).toEqual(['', '1 container', '2 containers, /x', '3 mounts']);
});

it('progress tells step and amount on one line', () => {
  expect(progressLine(operation, 80, layout.paint)).toBe('volume.restore db  build  [██████░░░░░░░░░░] 4 GiB of 10 GiB');
  expect(progressLine({ ...operation, total: 0, cancel_requested: true }, 80, layout.paint)).toBe('volume.restore db  stopping');
});
