/**
 * How etcd is, as sentences: members that do not answer or have no leader, alarms, a database that is nearly full, and
 * members that hold different data. Looks only; mends nothing.
 */
import type { EtcdConnection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { noMemberError, reasonOf } from './failure.ts';
import { AlarmRequest, AlarmType, HashKVRequest, KVService, MaintenanceService, RangeRequest, StatusRequest, type StatusResponse } from './generated/rpc.ts';
import type { KeySpace } from './key-space.ts';

/** Share of the quota from which it is told. */
const NEARLY_FULL = 0.8;
const HASH_MS = 30_000;

/** @throws unavailable when no member answers */
export async function faultsOf(connection: EtcdConnection, keys: KeySpace, quotaBytes: number): Promise<readonly string[]> {
  const read = await connection.call(KVService.range, RangeRequest.fromPartial({ key: keys.key(' '), count_only: true }), { what: 'check', repeatable: true });
  const asked = await Promise.all(connection.endpoints.map((endpoint) => statusOf(connection, endpoint)));
  const faults: string[] = [];
  const answered: { readonly endpoint: Endpoint; readonly status: StatusResponse }[] = [];
  for (const { endpoint, status, reason } of asked) {
    if (status === null) faults.push(`The member at ${endpoint.url} does not answer: ${reason}.`);
    else answered.push({ endpoint, status });
  }
  if (answered.length === 0) throw noMemberError(asked.map(({ endpoint, reason }) => `${endpoint.url}: ${reason}`));
  for (const { endpoint, status } of answered) {
    if (status.leader === 0n) faults.push(`The member at ${endpoint.url} knows no leader: it is cut off from the others, or their majority is gone.`);
    const quota = status.dbSizeQuota > 0n ? Number(status.dbSizeQuota) : quotaBytes;
    const size = Number(status.dbSize);
    if (size >= quota * NEARLY_FULL) faults.push(`The database of the member at ${endpoint.url} has ${mib(size)} of ${mib(quota)} MiB, ${mib(Number(status.dbSizeInUse))} MiB of them in use: defragment it, or raise quota-backend-bytes.`);
  }
  faults.push(...(await alarms(connection)), ...(await differences(connection, answered.map(({ endpoint }) => endpoint), read.header?.revision ?? 0n)));
  return faults;
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

async function statusOf(connection: EtcdConnection, endpoint: Endpoint): Promise<{ readonly endpoint: Endpoint; readonly status: StatusResponse | null; readonly reason: string }> {
  try {
    return { endpoint, status: await connection.ask(endpoint, MaintenanceService.status, StatusRequest.fromPartial({})), reason: '' };
  } catch (thrown) {
    return { endpoint, status: null, reason: reasonOf(thrown) };
  }
}

async function alarms(connection: EtcdConnection): Promise<readonly string[]> {
  const { alarms: raised } = await connection.call(MaintenanceService.alarm, AlarmRequest.fromPartial({}), { what: 'check of the alarms', repeatable: true });
  return raised.map(({ memberID, alarm }) => {
    const member = `Member ${memberID.toString(16)}`;
    if (alarm === AlarmType.NOSPACE) return `${member} has raised the alarm NOSPACE: nothing can be written until there is room (compact, defragment, or raise quota-backend-bytes) and the alarm is disarmed.`;
    if (alarm === AlarmType.CORRUPT) return `${member} has raised the alarm CORRUPT: its data differs from the others'. Remove it and let it join anew.`;
    return `${member} has raised the alarm ${alarm}.`;
  });
}

/** Members are compared at one revision; one that has not come so far, or has forgotten it, is left out. */
async function differences(connection: EtcdConnection, endpoints: readonly Endpoint[], revision: bigint): Promise<readonly string[]> {
  const hashes = await Promise.all(
    endpoints.map(async (endpoint) => {
      try {
        const { hash, compact_revision } = await connection.ask(endpoint, MaintenanceService.hashKv, HashKVRequest.fromPartial({ revision }), HASH_MS);
        return { endpoint, hash, since: compact_revision };
      } catch {
        return null;
      }
    }),
  );
  const known = hashes.filter((one) => one !== null);
  const first = known[0];
  return known.filter((one) => first !== undefined && one.since === first.since && one.hash !== first.hash).map((one) => `The members at ${first?.endpoint.url} and ${one.endpoint.url} hold different data at revision ${revision}.`);
}
