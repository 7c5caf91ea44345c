/** The attributes of `holdfast_snapshot`. */
import { checkName } from '../../src/model/name.ts';
import { t, timeouts, type DraftOf, type PlanOf, type StateOf } from '../framework/index.ts';
import { understood } from './check.ts';
import { labelAttributes } from './labels.ts';

export const snapshotAttributes = {
  name: t.string().required().requiresReplace().validate(understood((name: string) => checkName('snapshot', name)))
    .describe('Its name, unique within its volume: 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit. Another name is another snapshot.'),
  volume: t.string().required()
    .describe('The volume: id or name; best `holdfast_volume.NAME.id`. Another volume is another snapshot.'),
  ...labelAttributes,
  id: t.string().computed().describe('Id: `snap_…`. Never changes. `source_snapshot` of a volume takes it.'),
  cluster_id: t.string().computed().describe('Id of the cluster that it is in. Answers of another cluster are refused.'),
  volume_id: t.string().computed().describe('Id of the volume.'),
  size_bytes: t.int().computed().describe('Size that the volume had, in bytes.'),
  created_at: t.string().computed().describe('When it was taken: ISO 8601, UTC.'),
  consistency: t.string().computed().describe('`filesystem`: taken of a frozen or unmounted filesystem. `crash`: as after a power loss, since the filesystem could not be frozen.'),
  method: t.string().computed().nullable().describe('`reflink`: shares blocks with the volume. `copy`: a sparse copy. Null until it is taken.'),
  state: t.string().computed().describe('`ready`, `unavailable`, `creating`, `removing`, or `incomplete`: begun, and finished by the next apply.'),
  timeouts: timeouts({ create: '30m', read: '2m', update: '5m', delete: '10m' }),
};
export type SnapshotAttributes = typeof snapshotAttributes;
export type SnapshotState = StateOf<SnapshotAttributes>;
export type SnapshotPlan = PlanOf<SnapshotAttributes>;
export type SnapshotDraft = DraftOf<SnapshotAttributes>;
