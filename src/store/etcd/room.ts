/**
 * Room in etcd's database after its alarm NOSPACE: what is forgotten is freed by defragmentation, one member at a time
 * (each answers nothing meanwhile), and the alarm is disarmed when every member is well below its quota again.
 */
import { Metadata } from '@grpc/grpc-js';
import type { Log } from '../../control/ports/system.ts';
import type { EtcdConnection } from './connection.ts';
import { Endpoint, callUnary, type EtcdTlsSource } from './endpoint.ts';
import { isCompacted } from './failure.ts';
import { AlarmRequest, AlarmRequest_AlarmAction, AlarmType, CompactionRequest, DefragmentRequest, KVService, MaintenanceService, RangeRequest, StatusRequest, type Member } from './generated/rpc.ts';
import { causeOf } from './reading.ts';

/** Disarmed at this share of the quota or less: above, the next writes would raise it again. */
const ROOMY = 0.9;
const DEFRAGMENT_MS = 60_000;

/** @returns whether anything can be written now */
export async function relieve(connection: EtcdConnection, members: readonly Member[], tls: EtcdTlsSource, quotaBytes: number, log: Log): Promise<boolean> {
  const armed = await connection.call(MaintenanceService.alarm, AlarmRequest.fromPartial({}), { what: 'check of the alarms', repeatable: true });
  const full = armed.alarms.filter(({ alarm }) => alarm === AlarmType.NOSPACE);
  if (full.length === 0) return true;

  const now = await connection.call(KVService.range, RangeRequest.fromPartial({ key: Buffer.from('\0'), count_only: true }), { what: 'check', repeatable: true });
  try {
    await connection.call(KVService.compact, CompactionRequest.fromPartial({ revision: now.header?.revision ?? 0n, physical: true }), { what: 'compaction', repeatable: true });
  } catch (thrown) {
    if (!isCompacted(causeOf(thrown))) throw thrown;
  }
  let roomy = true;
  for (const member of members) {
    const size = await defragment(member, tls);
    const quota = size.quota > 0 ? size.quota : quotaBytes;
    log.info({ name: member.name, bytes: size.bytes, quota_bytes: quota }, 'a member of the control store was defragmented');
    roomy &&= size.bytes <= quota * ROOMY;
  }
  if (!roomy) {
    log.error({ quota_bytes: quotaBytes }, 'the control store has no room: raise quota-backend-bytes of etcd');
    return false;
  }
  for (const { memberID } of full) {
    await connection.call(MaintenanceService.alarm, AlarmRequest.fromPartial({ action: AlarmRequest_AlarmAction.DEACTIVATE, memberID, alarm: AlarmType.NOSPACE }), { what: 'disarming of the alarm', repeatable: true });
  }
  return true;
}

/** @returns the size of its database afterwards, and its quota where it tells it (else 0) */
async function defragment(member: Member, tls: EtcdTlsSource): Promise<{ readonly bytes: number; readonly quota: number }> {
  const endpoint = new Endpoint(member.clientURLs[0] ?? '', tls);
  try {
    await callUnary(endpoint.connect(), MaintenanceService.defragment, DefragmentRequest.fromPartial({}), DEFRAGMENT_MS, new Metadata());
    const status = await callUnary(endpoint.connect(), MaintenanceService.status, StatusRequest.fromPartial({}), DEFRAGMENT_MS, new Metadata());
    return { bytes: Number(status.dbSize), quota: Number(status.dbSizeQuota) };
  } finally {
    endpoint.close();
  }
}
