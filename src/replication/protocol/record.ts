/**
 * The transitions of a volume's record, each a pure function from a record to the next one. Who writes one compares
 * the record's revision, so a transition always starts from the record that is in the store. Each asserts what must
 * hold: generations and set versions only rise, the set is never emptied, only the owner of a generation uses it.
 */
import type { NodeLease, Replica, ReplicationRecord } from '../../model/volume.ts';
import { invariant } from './invariant.ts';

export const inSync = (record: ReplicationRecord): readonly string[] => record.replicas.filter(({ state }) => state === 'in-sync').map(({ id }) => id);
const with_ = (record: ReplicationRecord, change: (replica: Replica) => Replica['state']): readonly Replica[] => record.replicas.map((replica) => ({ ...replica, state: change(replica) }));

/** Rule "Reserve": the next generation belongs to this node alone. */
export function reserve(record: ReplicationRecord, self: NodeLease): ReplicationRecord {
  return { ...record, generation: record.generation + 1, attaching: self };
}

/** A reservation that makes no progress is given up; the generation stays used. */
export function giveUp(record: ReplicationRecord, self: NodeLease, generation: number): ReplicationRecord | null {
  return isReserved(record, self, generation) ? { ...record, attaching: null } : null;
}

/** Shows others that a waiting reservation is alive: the same record, a new revision. Null: it is not ours any more. */
export function holdOn(record: ReplicationRecord, self: NodeLease, generation: number): ReplicationRecord | null {
  return isReserved(record, self, generation) ? { ...record } : null;
}

/** Rule "Activate": `members` are those that were fenced to this generation and shall be the set. Null: the reservation was passed. */
export function activate(record: ReplicationRecord, self: NodeLease, generation: number, members: readonly string[]): ReplicationRecord | null {
  if (!isReserved(record, self, generation)) return null;
  const set = new Set(inSync(record).filter((id) => members.includes(id)));
  invariant(set.size > 0, 'an activation keeps a member of the set');
  return {
    ...record, writer: self, attaching: null, clean: false, set_version: record.set_version + 1,
    replicas: with_(record, ({ id, state }) => (set.has(id) ? 'in-sync' : state === 'in-sync' ? 'stale' : state)),
  };
}

/** A generation has one owner, so the node tells; its lease may have been renewed under another number since. */
export const isWriter = (record: ReplicationRecord, self: NodeLease, generation: number): boolean => record.generation === generation && record.writer?.node === self.node;
const isReserved = (record: ReplicationRecord, self: NodeLease, generation: number): boolean => record.generation === generation && record.attaching?.node === self.node;

/** A node that got a new lease shows it in the records that it still writes for. Null: it does not. */
export const withLease = (record: ReplicationRecord, self: NodeLease, generation: number): ReplicationRecord | null => (isWriter(record, self, generation) ? { ...record, writer: self } : null);

export function eject(record: ReplicationRecord, ids: ReadonlySet<string>): ReplicationRecord {
  const stay = inSync(record).filter((id) => !ids.has(id));
  invariant(stay.length > 0, 'the last member is never ejected');
  return { ...record, set_version: record.set_version + 1, replicas: with_(record, ({ id, state }) => (ids.has(id) && state === 'in-sync' ? 'stale' : state)) };
}

export function join(record: ReplicationRecord, id: string): ReplicationRecord {
  invariant(record.replicas.some((replica) => replica.id === id), 'only a replica of the record joins');
  return { ...record, set_version: record.set_version + 1, replicas: with_(record, (replica) => (replica.id === id ? 'in-sync' : replica.state)) };
}

export function release(record: ReplicationRecord, clean: boolean): ReplicationRecord {
  return { ...record, writer: null, clean };
}

export const grown = (record: ReplicationRecord, size: number): ReplicationRecord => {
  invariant(size >= record.size, 'a volume never shrinks');
  return { ...record, size };
};

export const snapshotTaken = (record: ReplicationRecord, id: string, replicas: readonly string[]): ReplicationRecord => ({ ...record, snapshots: [...record.snapshots.filter((other) => other.id !== id), { id, replicas }] });
