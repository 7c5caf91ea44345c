import { describe, expect, test } from '@jest/globals';
import { LeaseTable } from '../../../src/store/lease-table.ts';
import { manualClock, type ManualClock } from '../../contract/manual-clock.ts';

function tableOn(clock: ManualClock, fail: () => boolean = () => false): { readonly table: LeaseTable; readonly ended: readonly string[] } {
  const ended: string[] = [];
  const table: LeaseTable = new LeaseTable(clock, () => {
    if (fail()) throw new Error('disk full');
    for (const id of table.due()) {
      ended.push(id);
      table.remove(id);
    }
  });
  return { table, ended };
}

describe('LeaseTable', () => {
  test('ends leases at their deadlines, each once, the earliest first', async () => {
    const clock = manualClock();
    const { table, ended } = tableOn(clock);
    table.add('long', 300);
    table.add('short', 100);
    table.add('middle', 200);
    await clock.advance(99);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(['short']);
    await clock.advance(1_000);
    expect(ended).toEqual(['short', 'middle', 'long']);
  });

  test('counts from the last renewal', async () => {
    const clock = manualClock();
    const { table, ended } = tableOn(clock);
    table.add('a', 100);
    for (let n = 0; n < 5; n += 1) {
      await clock.advance(60);
      table.renew('a');
    }
    expect(ended).toEqual([]);
    await clock.advance(100);
    expect(ended).toEqual(['a']);
    expect(() => table.renew('a')).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  test('does not renew a lease past its deadline that could not be ended yet, and ends it when it can', async () => {
    const clock = manualClock();
    let full = true;
    const { table, ended } = tableOn(clock, () => full);
    table.add('a', 100);
    await clock.advance(2_500);
    expect(ended).toEqual([]);
    expect(() => table.renew('a')).toThrow(expect.objectContaining({ code: 'not_found' }));
    full = false;
    await clock.advance(1_000);
    expect(ended).toEqual(['a']);
  });

  test('holds leases that are longer than any timer', async () => {
    const clock = manualClock();
    const { table, ended } = tableOn(clock);
    const ttl = 40 * 86_400_000;
    table.add('a', ttl);
    await clock.advance(ttl - 1);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(['a']);
  });

  test('ends nothing once it is closed', async () => {
    const clock = manualClock();
    const { table, ended } = tableOn(clock);
    table.add('a', 100);
    table.close();
    await clock.advance(1_000);
    expect(ended).toEqual([]);
  });
});
