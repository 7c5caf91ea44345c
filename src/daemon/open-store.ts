/**
 * Opens the control store that the configuration names. etcd that is away is waited for, without end and with a word
 * about it; what it refuses for good ends the start. An embedded store that is to move is taken over here, before
 * anything else sees the new one.
 */
import { existsSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ETCD_QUOTA_BYTES } from '../bootstrap/settings.ts';
import { KEYS } from '../control/keys.ts';
import type { Store } from '../control/ports/store.ts';
import type { Log } from '../control/ports/system.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Cluster, Node } from '../model/node.ts';
import { createEtcdMembers, type EtcdMembers } from '../store/etcd/members.ts';
import { openEtcdStore } from '../store/etcd/open.ts';
import { StoreLock } from '../store/sqlite/lock.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import { assertWhole, copyStore } from '../store/transfer.ts';
import type { Config, StoreConfig } from './config.ts';
import { pemSource, type NodeIdentity } from './identity-files.ts';
import { pathsBelow, type Paths } from './paths.ts';
import { systemClock } from './system.ts';

export interface OpenedStore {
  readonly store: Store;
  /** null: embedded, or somebody else's etcd. */
  readonly members: EtcdMembers | null;
  /** Client URLs of the members that are known; [] for an embedded store. */
  endpoints(): readonly string[];
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly identity: NodeIdentity | null;
  readonly signal: AbortSignal;
  /** Told when it has to be waited for, why, and each time the reason is another. */
  readonly onWaiting: (why: string) => void;
}

const LONGEST_PAUSE_MS = 3_000;
/** Of a lease that only shows that one can be had. */
const PROOF_MS = 5_000;
/** A full store is defragmented no more often; what is deleted from it shows then. */
const RELIEVE_MS = 20_000;
/** How often the members are asked for; more often while only one is known, which may be growing. */
const LEARN_MS = 60_000;
const ALONE_MS = 5_000;
/** Keys that live as long as the daemon that wrote them. */
const FLEETING = [KEYS.alives, KEYS.leader];

/** @throws failed_precondition and others that waiting does not mend; the signal's reason. */
export async function openStore(config: Config, log: Log, options: OpenOptions): Promise<OpenedStore> {
  const paths = pathsBelow(config.root);
  if (config.store.kind === 'sqlite') {
    const store = await openSqliteStore({ path: paths.store, clock: systemClock, log, holder: 'holdfastd' });
    return { store, members: null, endpoints: () => [], close: () => store.close() };
  }
  // An embedded store has a lock of its own. etcd takes whoever comes, and two daemons would do the same work twice.
  const lock = StoreLock.take(paths.state, 'state');
  try {
    const opened = await openEtcd(config, config.store, paths, log, options);
    return { ...opened, close: () => opened.close().finally(() => lock.release()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openEtcd(config: Config, given: Extract<StoreConfig, { kind: 'etcd' }>, paths: Paths, log: Log, { identity, signal, onWaiting }: OpenOptions): Promise<OpenedStore> {
  let known = [...new Set([...given.endpoints, ...(given.own ? readKnown(paths.storeEndpoints) : [])])];
  const reach = { endpoints: known, learned: () => known, tls: pemSource({ ca: given.ca, cert: given.cert, key: given.key }), log, clock: systemClock, ...(given.own ? { quotaBytes: ETCD_QUOTA_BYTES } : {}) };
  reach.tls();
  const store = await openEtcdStore(reach);
  const members = given.own ? createEtcdMembers(reach) : null;
  const stopped = new AbortController();
  const close = async (): Promise<void> => {
    stopped.abort();
    await members?.close();
    await store.close();
  };
  try {
    await answered(store, members, signal, onWaiting);
    if (config.import_embedded && existsSync(paths.store)) await takeOver(config, store, paths, log, identity);
    await assertWhole(store);
  } catch (error) {
    await close();
    throw error;
  }
  if (members !== null) {
    void (async () => {
      while (!stopped.signal.aborted) {
        known = await learn(members, known, paths.storeEndpoints).catch(() => known);
        await systemClock.sleep(known.length === 1 ? ALONE_MS : LEARN_MS, stopped.signal).catch(() => undefined);
      }
    })();
  }
  return { store, members, endpoints: () => known, close };
}

/**
 * Waits until it answers and can be written to. One that is full gives no lease, so no node could live or lead, and nobody
 * would make room: whoever starts does.
 */
async function answered(store: Store, members: EtcdMembers | null, signal: AbortSignal, onWaiting: (why: string) => void): Promise<void> {
  let told = '';
  let relieved = Number.NEGATIVE_INFINITY;
  for (let pause = 200; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5)) {
    signal.throwIfAborted();
    try {
      await store.get(KEYS.cluster);
      await store.revokeLease(await store.grantLease(PROOF_MS));
      return;
    } catch (error) {
      if (!(error instanceof HoldfastError) || (error.code !== 'unavailable' && error.code !== 'resource_exhausted')) throw error;
      if (error.message !== told) onWaiting(error.message);
      told = error.message;
      if (error.code === 'resource_exhausted' && members !== null && systemClock.monotonic() - relieved >= RELIEVE_MS) {
        relieved = systemClock.monotonic();
        if (await members.makeRoom().catch(() => false)) continue;
      }
    }
    await systemClock.sleep(pause, signal);
  }
}

/** The members that can be asked, so that the next start knows them, whatever holdfastd.json says. */
async function learn(members: EtcdMembers, known: readonly string[], file: string): Promise<string[]> {
  const urls = (await members.list()).filter(({ learner }) => !learner).flatMap(({ client_urls }) => client_urls);
  const now = [...known.filter((url) => urls.includes(url)), ...urls.filter((url) => !known.includes(url))];
  if (urls.length === 0 || JSON.stringify(now) === JSON.stringify(readKnown(file))) return now.length === 0 ? [...known] : now;
  const aside = `${file}.new`;
  await writeFile(aside, JSON.stringify(now), { mode: 0o600 });
  renameSync(aside, file);
  return now;
}

function readKnown(file: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one.startsWith('https://')) : [];
  } catch {
    return [];
  }
}

/** What the embedded store holds goes over whole; only then it is put aside. After a crash the same is done again. */
async function takeOver(config: Config, store: Store, paths: Paths, log: Log, identity: NodeIdentity | null): Promise<void> {
  const embedded = await openSqliteStore({ path: paths.store, clock: systemClock, log, holder: 'holdfastd' });
  try {
    const cluster = await embedded.get<Cluster>(KEYS.cluster);
    if (identity !== null && cluster !== null && cluster.value.id !== identity.cluster_id) {
      throw new HoldfastError('failed_precondition', `the embedded store is of ${cluster.value.id}, and this node of cluster ${identity.cluster_id}: it is not taken over`, { object: 'store', hint: `Put ${path.dirname(paths.store)} aside if nothing in it is needed, or take "import_embedded" out of holdfastd.json.` });
    }
    if (cluster !== null) {
      log.info({ from: paths.store }, 'the embedded store is taken over');
      const { entries, already } = await copyStore(embedded, store, { source: cluster.value.id, without: FLEETING, onProgress: (done, total) => log.info({ done, total }, 'taking over the embedded store') });
      await rename(store, config, identity);
      log.info({ entries, already }, 'the embedded store was taken over');
    }
  } finally {
    await embedded.close();
  }
  const mark = `.moved-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const [folder, name] = [path.dirname(paths.store), path.basename(paths.store)];
  // The file itself last: as long as it is there, all is done again.
  for (const file of readdirSync(folder).filter((one) => one.startsWith(`${name}-`))) renameSync(path.join(folder, file), path.join(folder, file + mark));
  renameSync(paths.store, paths.store + mark);
}

/** The single machine had names of its own; from now on it has those of the cluster. */
async function rename(store: Store, config: Config, identity: NodeIdentity | null): Promise<void> {
  const cluster = await store.get<Cluster>(KEYS.cluster);
  if (cluster !== null && config.cluster_name !== null && cluster.value.name !== config.cluster_name) {
    await store.txn([{ key: KEYS.cluster, revision: cluster.revision }], [{ op: 'put', key: KEYS.cluster, value: { ...cluster.value, name: config.cluster_name } }]);
  }
  const node = identity === null ? null : await store.get<Node>(KEYS.node(identity.node_id));
  if (identity !== null && node !== null && node.value.name !== identity.node_name) {
    await store.txn([{ key: node.key, revision: node.revision }], [
      { op: 'put', key: node.key, value: { ...node.value, name: identity.node_name, version: node.value.version + 1 } },
      { op: 'put', key: KEYS.nodeName(identity.node_name), value: identity.node_id }, { op: 'delete', key: KEYS.nodeName(node.value.name) },
    ]);
  }
}
