/** Snapshots and growth of an attached volume, step by step. */
import { describe, expect, test } from '@jest/globals';
import { driven, REGION, type Driven } from './driven.ts';

const write = (at: Driven, id: number): void => { at.request(id, { kind: 'write', offset: 0, length: 512, data: 'x', fua: false }); };
const kinds = (at: Driven): string[] => [...new Set(at.open.map(({ request }) => request.kind))];

describe('a snapshot', () => {
  test('is taken when media have caught up and no write is under way, and writes wait only for that moment', () => {
    const at = driven();
    at.answer();
    write(at, 1);
    at.answer(['intend']);
    at.give({ type: 'snapshot', snapshot: 's1' });
    expect(kinds(at)).toEqual(['write', 'flush']);
    at.answer(['flush']);
    write(at, 2);
    expect(kinds(at)).toEqual(['write']); // the first is still under way: no clone yet, and the second waits
    at.answer(['write']);
    expect(at.completed.has(1)).toBe(true);
    expect(at.open.map(({ replica, request }) => `${replica} ${request.kind}`)).toEqual(['r0 clone', 'r1 clone']);
    at.answer(['clone']);
    expect(kinds(at)).toEqual(['write']); // the second goes on before the record is written
    at.commit();
    expect(at.of('snapshot-done')).toEqual([{ type: 'snapshot-done', snapshot: 's1', replicas: ['r0', 'r1'] }]);
    expect(at.record().snapshots).toEqual([{ id: 's1', replicas: ['r0', 'r1'] }]);
  });

  test('for which a replica has no room is not taken, nobody leaves the set, and writes go on', () => {
    const at = driven();
    at.answer();
    at.give({ type: 'snapshot', snapshot: 's1' });
    at.answer(['flush']);
    write(at, 1);
    at.answer(['clone'], ({ replica }) => (replica === 'r1' ? { ok: false, error: 'full' } : { ok: true }));
    expect(at.of('snapshot-done')).toEqual([{ type: 'snapshot-done', snapshot: 's1', replicas: null }]);
    at.answer();
    expect(at.completed.get(1)).toEqual({ ok: true });
    expect(at.of('cas')).toEqual([]);
  });

  test('that a member fails to take is kept by the others, once that member is out of the set', () => {
    const at = driven();
    at.answer();
    at.give({ type: 'snapshot', snapshot: 's1' });
    at.answer(['flush']);
    at.answer(['clone'], ({ replica }) => (replica === 'r1' ? { ok: false, error: 'io' } : { ok: true }));
    at.answer(); // the one that stays shows that it is there
    at.commit();
    at.answer();
    at.commit();
    expect(at.of('snapshot-done').at(-1)).toEqual({ type: 'snapshot-done', snapshot: 's1', replicas: ['r0'] });
  });

  test('that was asked for does not keep a release from ending', () => {
    const at = driven();
    at.answer();
    at.give({ type: 'snapshot', snapshot: 's1' });
    write(at, 1);
    at.give({ type: 'release' });
    for (let round = 0; round < 4; round += 1) {
      at.answer();
      if (at.of('cas').length > round) at.commit();
    }
    expect(at.of('released')).toEqual([{ type: 'released', clean: true }]);
    expect(at.completed.get(1)).toEqual({ ok: true });
  });
});

describe('growth', () => {
  test('reaches every copy before the record, and the record before the device', () => {
    const at = driven();
    at.answer();
    at.give({ type: 'grow', size: 6 * REGION });
    expect(at.open.map(({ replica, request }) => `${replica} ${request.kind}`)).toEqual(['r0 grow', 'r1 grow']);
    at.answer(['grow']);
    expect(at.of('grow-done')).toEqual([]);
    at.commit();
    expect(at.of('grow-done')).toEqual([{ type: 'grow-done', size: 6 * REGION, grown: true }]);
    expect(at.record().size).toBe(6 * REGION);
  });

  test('for which there is no room changes nothing', () => {
    const at = driven();
    at.answer();
    at.give({ type: 'grow', size: 6 * REGION });
    at.answer(['grow'], () => ({ ok: false, error: 'full' }));
    expect(at.of('grow-done')).toEqual([{ type: 'grow-done', size: 6 * REGION, grown: false }]);
    expect(at.record().size).toBe(4 * REGION);
  });
});
