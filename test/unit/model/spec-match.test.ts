// A repeated spec against the volume that it made, which may have changed since.
import { describe, expect, test } from '@jest/globals';
import { GIB } from '../../../src/model/bytes.ts';
import { conflictError, conflictsWithVolume } from '../../../src/model/spec-match.ts';
import { parseSpec } from '../../../src/model/spec.ts';
import type { Volume } from '../../../src/model/volume.ts';

const volume: Volume = {
  id: 'vol_01J00000000000000000000000', name: 'web', version: 1, owner: '', labels: { app: 'web' }, created_at: '2026-01-01T00:00:00.000Z',
  spec: { size_bytes: 10 * GIB, filesystem: 'xfs', access: 'single', replicas: 2, class: 'any', pool: null, deletion_protection: false, trash_retention_ms: 604_800_000, source_snapshot: null, min_in_sync: 1, movable: false },
  status: { state: 'ready', conditions: [], observed_at: null, used_bytes: null, written_at: null, device: null, mount_path: null, publications: [], trashed: null },
  replication: { history: 1, generation: 0, set_version: 1, size: 10 * GIB, writer: null, clean: true, attaching: null, replicas: [], snapshots: [] },
};
const compare = (text: string) => conflictsWithVolume(parseSpec(text), volume);

describe('a spec for a volume that exists', () => {
  test.each(['name=web', 'size=10G,name=web', 'size=1G,name=web', 'repl=1,name=web', 'repl=2,fs=xfs,shared=false,scale=1,secure=false,name=web', 'class=any,labels=app=web,name=web'])('is satisfied: %s', (text) => {
    expect(compare(text)).toEqual({ conflicts: [], warnings: [] });
  });

  test.each([
    ['size=20G,name=web', 'size', '20G', '10G', /holdfast volume resize web 20G/],
    ['repl=3,name=web', 'repl', '3', '2', /ask for repl=2 or less/],
    ['fs=ext4,name=web', 'fs', 'ext4', 'xfs', /cannot be changed: ask for fs=xfs/],
    ['name=other', 'name', 'other', 'web', /another name/],
  ])('conflicts: %s', (text, field, wanted, actual, hint) => {
    expect(compare(text)).toEqual({ conflicts: [{ field, wanted, actual, hint: expect.stringMatching(hint) }], warnings: [] });
  });

  test('conflicts in access and encryption, which must be equal', () => {
    expect(conflictsWithVolume({ name: 'web', access: 'shared', encrypted: true }, volume).conflicts.map(({ field }) => field)).toEqual(['shared', 'encryption']);
  });

  test('only warns about what counted when the volume was made', () => {
    const { conflicts, warnings } = compare('class=fast,labels=app=db,sticky=true,retention=0,name=web');
    expect(conflicts).toEqual([]);
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toBe('volume web has class=any, not fast: class counts only when a volume is made.');
  });

  test('asks only for the labels that it names', () => {
    expect(conflictsWithVolume(parseSpec('labels=app=web,name=web'), { ...volume, labels: { app: 'web', more: 'x' } }).warnings).toEqual([]);
    expect(compare('labels=constructor=x,name=web').warnings).toHaveLength(1);
  });

  test('takes a field that is no key of a spec in its stride', () => {
    const wider = { name: 'web', pool: 'fast', owner: 'me' };
    expect(conflictsWithVolume(wider, volume)).toEqual({ conflicts: [], warnings: [] });
  });
});

test('the error for conflicts names every field, both values and the way out', () => {
  const error = conflictError(volume, compare('size=20G,fs=ext4,name=web').conflicts);
  expect(error).toMatchObject({
    code: 'conflict',
    message: 'volume web exists and differs: size is 10G, not 20G; fs is xfs, not ext4',
    detail: { object: 'volume web', fields: ['size', 'fs'], hint: expect.stringMatching(/holdfast volume resize web 20G.*cannot be changed/) },
  });
});
