/** The port to the control store, as far as a mirror needs it: the replication record of one volume, read and compared-and-swapped. */
import type { ReplicationRecord } from '../../model/volume.ts';
import type { AttachOutcome } from '../protocol/attach.ts';
import type { StoreOutcome } from '../protocol/mirror-state.ts';

export interface Records {
  /** Also tells which of the leases in the record live. What is thrown counts as `unavailable`. */
  read(): Promise<AttachOutcome>;
  /**
   * Writes when the record still has this revision and none of the leases lives.
   * @throws nothing that has a known outcome: what is thrown counts as `unknown`, which is never wrong.
   */
  cas(revision: number, record: ReplicationRecord, absent: readonly string[]): Promise<Exclude<StoreOutcome, { kind: 'read' }>>;
}
