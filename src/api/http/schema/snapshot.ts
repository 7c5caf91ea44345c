/** Snapshots, as they are sent and as they are asked for. */
import { Type } from 'typebox';
import { FILESYSTEMS } from '../../../model/volume.ts';
import { answer, bytes, choice, named, nameText, owner, ref, reference, request, text } from './building.ts';
import { Labels, changed, observed, pageOf, record } from './record.ts';

export const SnapshotSpec = named('SnapshotSpec', answer({
  volume: text('Id of the volume.'),
  filesystem: choice(FILESYSTEMS, 'The filesystem of the volume, which a clone has too.'),
  size_bytes: bytes('Size of the volume when it was taken.'),
}, { description: 'What it is a copy of.' }));

export const SnapshotStatus = named('SnapshotStatus', answer({
  state: choice(['creating', 'ready', 'unavailable', 'removing'], 'State of the snapshot; the conditions say why it is unavailable.'),
  ...observed,
  consistency: choice(['filesystem', 'crash'], '`filesystem`: taken of a frozen or unmounted filesystem. `crash`: as after a power loss.'),
  method: Type.Unsafe<'reflink' | 'copy' | null>({ enum: ['reflink', 'copy', null], description: '`reflink` shares blocks with the volume; `copy` is a sparse copy; null before it was taken.' }),
  reserved_bytes: bytes('What it counts for in the accounting of its pool.'),
}, { description: 'What was last observed.' }));

export const Snapshot = named('Snapshot', answer(record('snapshot', 'snap_01JD9Z3QK7W5T8X2M4N6P0R1SA', SnapshotSpec, SnapshotStatus, {
  volume_name: text('Name of the volume when it was taken; shown as `volume@snapshot`.'),
}), { description: 'A point-in-time copy of a volume in its pool.' }));
export const SnapshotPage = pageOf('SnapshotPage', Snapshot, 'snapshots');
export const ChangedSnapshot = changed('ChangedSnapshot', Snapshot, 'snapshot');

export const CreateSnapshot = named('CreateSnapshot', request({
  volume: reference('volume', { examples: ['db'] }),
  name: nameText('snapshot', { examples: ['before-upgrade'] }),
  labels: Type.Optional(ref(Labels)),
  owner: Type.Optional(owner()),
}, { description: 'The snapshot to take. Its name is unique within its volume.', examples: [{ volume: 'db', name: 'before-upgrade' }] }));
export const UpdateSnapshot = named('UpdateSnapshot', request({
  labels: Type.Optional(ref(Labels, { description: 'All labels from now on.' })),
  owner: Type.Optional(Type.String({ maxLength: 255, description: 'Who manages it from now on.' })),
}, { description: 'The fields to change; what is not named stays.', examples: [{ labels: { keep: 'yes' } }] }));
