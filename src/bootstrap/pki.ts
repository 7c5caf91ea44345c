/**
 * A machine becomes a node: its keys and certificates are made beside, and are its PKI directory in one move, with the
 * membership in it. So there is never half an identity, and an interrupted join goes on with the keys that it began with.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '../model/errors.ts';
import { newId } from '../model/id.ts';
import { VERSION } from '../model/version.ts';
import { ClusterBusy, joinNode } from '../security/join-client.ts';
import { createClusterPki } from '../security/pki.ts';
import { syncDirectory } from '../security/sync-directory.ts';
import { fingerprint } from '../security/x509.ts';
import type { Facts, Membership } from './facts.ts';
import { readIfThere, writeDurably } from './files.ts';
import type { Places } from './places.ts';
import { firstEndpoints, firstMember } from './settings.ts';
import { formatAddress, rolesAtBirth, type Wanted } from './wanted.ts';

/** The cluster's authorities, and this node's certificates from them. @param ids of a store that is taken over; null: new ones. */
export async function beginCluster(wanted: Wanted, places: Places, ids: { readonly cluster_id: string | null; readonly node_id: string | null }): Promise<void> {
  if (wanted.cluster?.by !== 'init' || wanted.advertise === null) return;
  // What lies here was never anybody's: no daemon has seen it.
  await rm(places.pkiMaking, { recursive: true, force: true });
  await mkdir(places.pkiMaking, { recursive: true, mode: 0o700 });
  const now = Date.now();
  const cluster_id = ids.cluster_id ?? newId('cluster', now, randomBytes);
  const node_id = ids.node_id ?? newId('node', now, randomBytes);
  const address = formatAddress(wanted.advertise);
  await createClusterPki(places.pkiMaking, { cluster_id, cluster_name: wanted.cluster.name, node_id, node_name: wanted.name, address });
  await settle(places.pkiMaking, places, {
    by: 'init', cluster_id, cluster_name: wanted.cluster.name, node_id, node_name: wanted.name, ca_sha256: await rootOf(places.pkiMaking),
    store_endpoints: firstEndpoints(wanted), member: firstMember(wanted), addresses: [address],
  });
}

/** How long a join waits for its turn: members of etcd are added one at a time. */
const TURN_MS = 300_000;

/**
 * Redeems the token and keeps the answer. Refused for good, nothing is left; when the answer was lost, the next call gets
 * it with the same keys.
 */
export async function joinCluster(wanted: Wanted, facts: Facts, places: Places, token: string): Promise<void> {
  if (wanted.cluster?.by !== 'join' || wanted.advertise === null) return;
  const { endpoints } = wanted.cluster;
  const began = existsSync(places.pkiJoining);
  await mkdir(path.dirname(places.pkiJoining), { recursive: true, mode: 0o755 });
  const deadline = performance.now() + TURN_MS;
  for (;;) {
    try {
      const answer = await joinNode(places.pkiJoining, {
        name: wanted.name, roles: [...rolesAtBirth(wanted)], zone: wanted.zone ?? '', labels: wanted.labels ?? {}, address: formatAddress(wanted.advertise), machine_id: facts.machine_id, daemon_version: VERSION,
      }, { endpoints, token });
      return await settle(places.pkiJoining, places, {
        by: 'join', cluster_id: answer.cluster_id, cluster_name: answer.cluster_name, node_id: answer.node_id, node_name: wanted.name, ca_sha256: await rootOf(places.pkiJoining),
        store_endpoints: answer.store.endpoints, addresses: answer.addresses,
        member: answer.store.member === null ? null : { name: answer.store.member.name, initial_cluster: answer.store.member.initial_cluster, initial_state: 'existing' },
      });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (error instanceof ClusterBusy && performance.now() < deadline) {
        await pause(1_000);
        continue;
      }
      if (!error.retryable && !began) await rm(places.pkiJoining, { recursive: true, force: true });
      throw error;
    }
  }
}

async function rootOf(directory: string): Promise<string> {
  return fingerprint(await readIfThere(path.join(directory, 'ca.crt')) ?? '');
}

/** From here on the machine is a node. */
async function settle(making: string, places: Places, membership: Membership): Promise<void> {
  await writeDurably(path.join(making, path.basename(places.membership)), `${JSON.stringify(membership, null, 2)}\n`, 0o600);
  // It is empty, or is not there: the plan has looked.
  if (existsSync(places.pki)) await rmdir(places.pki);
  await rename(making, places.pki);
  await syncDirectory(path.dirname(places.pki));
}
