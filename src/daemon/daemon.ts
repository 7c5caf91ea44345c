/**
 * The composition root: opens the store, builds control over this machine's data plane, serves the surfaces. Tests
 * start the same daemon in their own process. Stopping it never touches what is mounted.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createDockerDriver } from '../api/docker/driver.ts';
import { createHttpApi, type HttpApi } from '../api/http/http-api.ts';
import { audited, readAudit } from '../control/audit.ts';
import type { ClusterControl, IdentityControl, MemberControl } from '../control/cluster-control.ts';
import { createDenials } from '../control/denials.ts';
import { createControl, type ControlPlane } from '../control/create-control.ts';
import { createIdentity, type Identity } from '../control/identity.ts';
import { restrict } from '../control/restrict.ts';
import type { Log } from '../control/ports/system.ts';
import { VERSION } from '../model/version.ts';
import { createDataPlane } from '../node/data-plane.ts';
import { openAuthority } from '../security/pki.ts';
import { createTokenCodec } from '../security/token.ts';
import type { Config } from './config.ts';
import { beginDuties } from './duties.ts';
import { ownFiles, pemSource, readIdentity, type NodeIdentity } from './identity-files.ts';
import { openStore, type OpenedStore } from './open-store.ts';
import { reloadEtcd } from './etcd-reload.ts';
import { pathsBelow } from './paths.ts';
import { readStartTime } from './process-mark.ts';
import { beginRenewal } from './renewal.ts';
import { systemClock, systemRandom } from './system.ts';
import { serveWaiting, type Waiting } from './waiting.ts';

export interface Daemon {
  readonly control: ControlPlane;
  /** Ends the surfaces, stops operations at safe points, closes the store. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Ends the waiting for a control store that is away. */
  readonly signal?: AbortSignal;
  /** The control store is away; it is tried again until it answers. */
  readonly onWaiting?: (why: string) => void;
}

/** How often the files of the certificates are looked at. */
const RENEWED_MS = 5_000;

/** @throws HoldfastError when another daemon has the state directory, the store is damaged or newer, or a socket cannot be had. */
export async function startDaemon(config: Config, log: Log, { signal = new AbortController().signal, onWaiting = () => undefined }: StartOptions = {}): Promise<Daemon> {
  const paths = pathsBelow(config.root);
  mkdirSync(paths.state, { recursive: true, mode: 0o711 });
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of undo.splice(0).reverse()) await close().catch((error: unknown) => log.error({ err: String(error) }, 'closing failed'));
  };
  try {
    noteStart(config, paths.started);
    undo.push(async () => { if (readNote(paths.started)?.pid === process.pid) rmSync(paths.started, { force: true }); });
    const identity = readIdentity(paths.pki);
    const opened = await openPatiently(config, log, identity, signal, onWaiting);
    const { store, members } = opened;
    undo.push(() => opened.close());
    const dataPlane = createDataPlane({ root: config.root, log, clock: systemClock });
    const seams = { store, clock: systemClock, random: systemRandom, log };
    let identities: Identity | null = null;
    const control = await createControl({ ...seams, dataPlane }, {
      node_name: config.node_name, interval_ms: config.reconcile_interval_ms, consumer_grace_ms: config.consumer_grace_ms, lease_ttl_ms: config.lease_ttl_ms, storeMembers: members,
      ...(config.advertise === null ? {} : { address: config.advertise }),
      ...(identity === null ? {} : { node_id: identity.node_id, cluster: { id: identity.cluster_id, name: config.cluster_name ?? 'holdfast' }, revokeNode: async (id) => { await identities?.revokeNode(id, 'the node was removed'); } }),
    });
    undo.push(() => control.stop());
    if (identity !== null) {
      identities = await createIdentities(config, identity, control, opened, seams);
      undo.push(async () => identities?.stop());
      await identities.begin();
    }
    await control.start();
    const actor = `holdfastd on ${control.cluster_view.node.name}`;
    const whole = identities === null ? Object.assign(Object.create(control) as ControlPlane, { listAudit: readAudit(store) }) : merged(control, identities, opened);
    const watched = audited(whole, seams, actor);
    undo.push(beginDuties({ control, identities, members, store, log, clock: systemClock }));

    if (identity !== null && identities !== null) {
      const ownIdentities = audited(identities, seams, actor);
      undo.push(beginRenewal({
        pki: paths.pki, node: { id: identity.node_id, name: control.cluster_view.node.name }, signs: identity.signs, renew: (request, caller) => ownIdentities.renewCertificate(request, caller),
        nodes: () => control.cluster_view.members.nodes(), onRenewed: () => reloadEtcd(config.root, log), store, clock: systemClock, log,
      }));
    }

    const api = createHttpApi({ control: watched, log, version: VERSION, node: control.cluster_view.node.name, pluginPaths: config.plugin_paths, onDenied: createDenials(seams) });
    await api.listen({ socketPath: config.socket });
    undo.push(() => api.close());
    if (identity !== null && identities !== null && config.listen !== null) undo.push(await serveOthers(api, config, identities, paths.pki, log));
    if (config.plugin_socket !== null) {
      const driver = createDockerDriver({ control: restrict(watched, 'plugin'), log, scope: 'local', node: control.cluster_view.node.name });
      await driver.listen(config.plugin_socket);
      undo.push(() => driver.close());
    }
    log.info({ root: config.root, socket: config.socket, plugin_socket: config.plugin_socket, listen: config.listen, store: config.store.kind, version: VERSION }, 'holdfastd is ready');
    return { control, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whoever configures the machine sees from it whether what runs is what is configured. */
function noteStart(config: Config, file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  // Another daemon that lives here keeps its note: this one will be refused.
  const there = readNote(file);
  if (there !== null && there.pid !== process.pid && readStartTime(there.pid) === there.began) return;
  writeFileSync(file, JSON.stringify({ pid: process.pid, began: readStartTime(process.pid), version: VERSION, config_sha256: config.sha256 }), { mode: 0o644 });
}

function readNote(file: string): { readonly pid: number; readonly began: string } | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { readonly pid: number; readonly began: string };
  } catch {
    return null;
  }
}

/** While the store is away, whoever asks on the socket is told. */
async function openPatiently(config: Config, log: Log, identity: NodeIdentity | null, signal: AbortSignal, onWaiting: (why: string) => void): Promise<OpenedStore> {
  let waiting: Promise<Waiting> | null = null;
  try {
    return await openStore(config, log, {
      identity, signal,
      onWaiting(why) {
        log.warn({ why }, 'waiting for the control store');
        waiting ??= serveWaiting(config.socket);
        waiting.then((surface) => surface.say(why), () => undefined);
        onWaiting(why);
      },
    });
  } finally {
    await (waiting as Promise<Waiting> | null)?.then((surface) => surface.close());
  }
}

async function createIdentities(config: Config, identity: NodeIdentity, control: ControlPlane, opened: OpenedStore, seams: Parameters<typeof audited>[1]): Promise<Identity> {
  const { members, node } = control.cluster_view;
  return createIdentity({
    ...seams, authority: identity.signs ? await openAuthority(pathsBelow(config.root).pki) : null, tokens: createTokenCodec(identity.ca_sha256), members: opened.members,
  }, { node: { id: node.id, name: node.name }, isAlive: (id) => members.isAlive(id), storeEndpoints: () => opened.endpoints(), own: identity.certificate });
}

/** All use cases under one roof. */
function merged(control: ControlPlane, identities: Identity, { members }: OpenedStore): ControlPlane & ClusterControl {
  const more: IdentityControl & MemberControl = { ...identities, listMembers: async () => (await members?.list()) ?? [] };
  return Object.assign(Object.create(control) as ControlPlane, more);
}

async function serveOthers(api: HttpApi, config: Config, identities: Identity, pki: string, log: Log): Promise<() => Promise<void>> {
  const files = pemSource(ownFiles(pki));
  let shown = files();
  const surface = await api.listenTls({ host: config.listen?.host ?? '', port: config.listen?.port ?? 0, trust: identities.trust, ...shown });
  const timer = setInterval(() => {
    const now = files();
    if (now === shown) return;
    shown = now;
    surface.renew(now);
    log.info({}, 'new connections use the renewed certificate');
  }, RENEWED_MS);
  timer.unref();
  return async () => clearInterval(timer);
}
