/**
 * Leases: etcd's, whose whole seconds are the upper bound, and our own count on the monotonic clock, to the
 * millisecond, from when a grant or renewal was sent. What has ended by our count is ended for good: it is revoked in
 * etcd, and neither kept alive nor written under again, whatever etcd thinks. A lease is kept alive by one process.
 */
import type { Lease } from '../../control/ports/store.ts';
import type { Clock, Log } from '../../control/ports/system.ts';
import { LeaseTable } from '../lease-table.ts';
import { noLeaseError } from '../rules.ts';
import type { EtcdConnection } from './connection.ts';
import { isLeaseGone } from './failure.ts';
import { LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest, LeaseService } from './generated/rpc.ts';
import { causeOf } from './reading.ts';

export class EtcdLeases {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table: LeaseTable;
  /** Ended here, while etcd may still have them. */
  readonly #ended = new Set<string>();

  constructor(connection: EtcdConnection, clock: Clock, log: Log) {
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
    this.#table = new LeaseTable(clock, () => {
      for (const id of this.#table.due()) this.#end(id);
    });
  }

  async grant(ttlMs: number): Promise<Lease> {
    const sent = this.#clock.monotonic();
    // Granted twice when an answer is lost: the one that nobody knows of ends by itself.
    const answer = await this.#connection.call(LeaseService.leaseGrant, LeaseGrantRequest.fromPartial({ TTL: BigInt(Math.ceil(ttlMs / 1000)) }), { what: 'grant of a lease', repeatable: true });
    const id = answer.ID.toString(16);
    this.#table.add(id, ttlMs, sent);
    return { id, ttl_ms: ttlMs };
  }

  /** @throws not_found when it has ended */
  async keepAlive(lease: Lease): Promise<void> {
    const { id } = lease;
    const number = this.alive(id);
    const sent = this.#clock.monotonic();
    const known = this.#table.has(id);
    const kind = { what: 'renewal of a lease', repeatable: true, ...(known ? { deadlineMs: this.#table.left(id) } : {}) };
    const answer = await this.#connection.exchange(LeaseService.leaseKeepAlive, LeaseKeepAliveRequest.fromPartial({ ID: number }), kind);
    if (answer.TTL <= 0n) {
      this.#table.remove(id);
      throw noLeaseError(id);
    }
    // It may have ended here while the answer was on its way.
    if (known) this.#table.renew(id, sent);
    else this.#table.add(id, lease.ttl_ms, sent);
  }

  async revoke(id: string): Promise<void> {
    this.#table.remove(id);
    const number = numberOf(id);
    if (number === null) return;
    this.#ended.add(id);
    await this.#connection.call(LeaseService.leaseRevoke, LeaseRevokeRequest.fromPartial({ ID: number }), { what: 'revocation of a lease', repeatable: true }).catch((thrown: unknown) => {
      if (!isLeaseGone(causeOf(thrown))) throw thrown;
    });
    this.#ended.delete(id);
  }

  /** Its number in etcd. @throws not_found when it has ended as far as is known here */
  alive(id: string): bigint {
    const number = numberOf(id);
    if (number === null || this.#ended.has(id)) throw noLeaseError(id);
    if (this.#table.has(id)) this.#table.check(id);
    return number;
  }

  close(): void {
    this.#table.close();
  }

  #end(id: string): void {
    this.revoke(id).catch((thrown: unknown) => {
      // etcd ends it by itself, a little later.
      if (!this.#connection.closed) this.#log.debug({ lease: id, reason: String(thrown) }, 'a lease that ended could not be revoked');
    });
  }
}

const numberOf = (id: string): bigint | null => (/^[0-9a-f]{1,16}$/.test(id) && !/^0+$/.test(id) ? BigInt.asIntN(64, BigInt(`0x${id}`)) : null);
