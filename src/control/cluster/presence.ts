/**
 * Presence: that this daemon lives, as a key under a lease that it keeps. Whoever sees the key gone takes the node for
 * lost. Time is counted from before each renewal was sent, on the monotonic clock: the node doubts itself before the
 * others do. A clean stop lets the lease run out, so that a restart is no loss.
 */
import { HoldfastError } from '../../model/errors.ts';
import { isoNow } from '../context.ts';
import { KEYS } from '../keys.ts';
import type { Lease, Store } from '../ports/store.ts';
import type { Clock, Log } from '../ports/system.ts';
import type { Alive } from './members.ts';

export interface Presence {
  /** Shows that it lives; keeps the lease until stopped. @throws conflict when another machine lives under this node's id. */
  begin(): Promise<void>;
  /** The lease that surely holds now; null when it may have run out. */
  lease(): Lease | null;
  stop(): void;
  /** Ends it at once, for all to see: the node was removed. */
  leave(): Promise<void>;
}

export interface PresenceSettings {
  readonly node: { readonly id: string; readonly name: string };
  readonly says: Omit<Alive, 'at'>;
  readonly ttl_ms: number;
  /** Nobody else has this store: whatever is there was left by this machine. */
  readonly alone: boolean;
  /** After the lease had been lost and a new one was had. */
  readonly onRegained: () => Promise<void>;
}

const REFRESH_MS = 60_000;

export function createPresence({ store, clock, log }: { readonly store: Store; readonly clock: Clock; readonly log: Log }, settings: PresenceSettings): Presence {
  const { node, says, ttl_ms } = settings;
  const stopped = new AbortController();
  const key = KEYS.alive(node.id);
  let held: { readonly lease: Lease; until: number } | null = null;
  let writtenAt = 0;

  const write = async (lease: Lease, revision: number | null): Promise<boolean> => {
    writtenAt = clock.monotonic();
    return (await store.txn(revision === null ? [] : [{ key, revision }], [{ op: 'put', key, value: { ...says, at: isoNow(clock) } satisfies Alive, lease: lease.id }])).committed;
  };

  /** What is there of another life of this node must end first; only a former process of this very boot is taken over. */
  const acquire = async (): Promise<void> => {
    const deadline = clock.monotonic() + 2 * ttl_ms + 5_000;
    for (;;) {
      const sentAt = clock.monotonic();
      const there = await store.get<Alive>(key);
      if (there === null || settings.alone || (there.value.boot_id === says.boot_id && there.value.machine_id === says.machine_id)) {
        const lease = await store.grantLease(ttl_ms);
        if (await write(lease, there?.revision ?? 0)) {
          held = { lease, until: sentAt + ttl_ms };
          return;
        }
        await store.revokeLease(lease);
        continue;
      }
      if (clock.monotonic() >= deadline) {
        throw new HoldfastError('conflict', `node ${node.name} (${node.id}) lives on another machine already (machine id ${there.value.machine_id}${there.value.address === null ? '' : `, ${there.value.address}`})`, {
          object: `node ${node.name}`, hint: 'Was this machine copied from it? Empty <root>/etc/holdfast/pki and <root>/var/lib/holdfast here, give the machine an id of its own (systemd-machine-id-setup), and join it as a new node.',
        });
      }
      // It may be what a former boot of this machine left: that runs out.
      await clock.sleep(Math.min(1_000, ttl_ms / 2), stopped.signal);
    }
  };

  const renew = async (): Promise<void> => {
    const sentAt = clock.monotonic();
    try {
      if (held === null) {
        await acquire();
        log.warn({ node: node.id }, 'the node lease had been lost; a new one was had');
        await settings.onRegained();
        return;
      }
      await store.keepAlive(held.lease);
      held.until = sentAt + ttl_ms;
      if (clock.monotonic() - writtenAt >= REFRESH_MS) await write(held.lease, null);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'not_found') held = null;
      if (!stopped.signal.aborted) log.warn({ node: node.id, err: error instanceof Error ? error.message : String(error) }, held === null ? 'the node lease has run out' : 'the node lease could not be renewed; it is tried again');
    }
  };

  return {
    async begin() {
      await acquire();
      void (async () => {
        while (!stopped.signal.aborted) {
          // Soon again while in doubt; otherwise with two tries in hand.
          const pause = held !== null && held.until - clock.monotonic() > ttl_ms / 2 ? ttl_ms / 3 : Math.min(1_000, ttl_ms / 6);
          await clock.sleep(pause, stopped.signal).catch(() => undefined);
          if (!stopped.signal.aborted) await renew();
        }
      })();
    },
    // A tenth of margin for what is on its way.
    lease: () => (held !== null && clock.monotonic() < held.until - ttl_ms / 10 ? held.lease : null),
    stop: () => stopped.abort(),
    async leave() {
      stopped.abort();
      const last = held;
      held = null;
      if (last !== null) await store.revokeLease(last.lease);
    },
  };
}
