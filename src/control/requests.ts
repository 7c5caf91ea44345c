/** Requests checked and completed with their defaults, pure. What passes here is well-formed; whether it fits is decided later. */
import { BLOCK_BYTES, formatBytes, roundUpToBlock } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { checkLabels, checkName, isName } from '../model/name.ts';
import { POOL_KINDS, type PoolSpec } from '../model/pool.ts';
import type { Node } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { DEFAULT_TRASH_RETENTION_MS, DEFAULT_VOLUME_BYTES, defaultFilesystem, FILESYSTEMS, MAX_VOLUME_BYTES, MIN_VOLUME_BYTES, MIN_XFS_BYTES, type PlacementRules, type VolumeSpec } from '../model/volume.ts';
import type { CreatePool, CreateVolume, UpdatePool } from './control.ts';
import { tooManyReplicas } from './placement/choose.ts';

const bad = (message: string, object: string, field: string, hint?: string): HoldfastError =>
  new HoldfastError('invalid_argument', message, { object, field, ...(hint === undefined ? {} : { hint }) });

/** An absolute, normal path without control characters. */
export function checkPath(object: string, field: string, path: string): string {
  const wrong =
    path.length === 0 ? 'it is empty'
    : path.length > 4000 ? `it has ${path.length} characters`
    : /[\u0000-\u001f\u007f]/.test(path) ? 'it holds a control character'
    : !path.startsWith('/') ? 'it is not absolute'
    : path.split('/').includes('..') || path.split('/').includes('.') ? 'it holds "." or ".."'
    : null;
  if (wrong !== null) throw bad(`${field}: ${JSON.stringify(path.slice(0, 80))} cannot be used: ${wrong}`, object, field, 'Give an absolute path such as /srv/holdfast.');
  const normal = path.replace(/\/+/g, '/').replace(/\/$/, '');
  return normal === '' ? '/' : normal;
}

export function completePool(request: CreatePool): { readonly name: string; readonly spec: PoolSpec } {
  const name = checkName('pool', request.name);
  const object = `pool ${name}`;
  if (!POOL_KINDS.includes(request.kind)) throw bad(`kind: "${String(request.kind).slice(0, 40)}" is not a kind of pool`, object, 'kind', `One of: ${POOL_KINDS.join(', ')}.`);
  const devices = (request.devices ?? []).map((device) => checkPath(object, 'devices', device));
  if (request.kind === 'directory' && devices.length > 0) throw bad('devices: a pool of kind directory has none', object, 'devices', 'Use kind device, or leave devices out.');
  if (request.kind === 'device' && request.path !== undefined) throw bad('path: a pool of kind device has none', object, 'path', 'Its filesystems are mounted by Holdfast; leave path out.');
  if (request.kind === 'directory' && request.path === undefined) throw bad('path is missing', object, 'path', 'Give the existing directory that the pool shall use.');
  if (request.kind === 'device' && devices.length === 0) throw bad('devices is empty', object, 'devices', 'Give one or more block devices.');
  if (new Set(devices).size !== devices.length) throw bad('devices: one is named twice', object, 'devices');
  return {
    name,
    spec: { kind: request.kind, path: request.path === undefined ? null : checkPath(object, 'path', request.path), devices, ...completePoolChange(object, { overcommit: request.overcommit ?? 1, class: request.class ?? 'any', labels: request.labels ?? {} }) },
  };
}

export function completePoolChange<T extends UpdatePool>(object: string, change: T): Pick<T & { overcommit: number; class: string }, 'overcommit' | 'class'> {
  const { overcommit, class: poolClass } = change;
  if (overcommit !== undefined && !(overcommit >= 0.1 && overcommit <= 100)) throw bad(`overcommit: ${overcommit} is not between 0.1 and 100`, object, 'overcommit', '1.0 never promises more than there is.');
  if (poolClass !== undefined && !isName(poolClass)) throw bad(`class: ${JSON.stringify(poolClass.slice(0, 80))} is not a class`, object, 'class', 'A name such as ssd; "any" when it does not matter.');
  if (change.labels !== undefined) checkLabels(object, change.labels);
  return { overcommit: overcommit as number, class: poolClass as string };
}

/** @param source the snapshot that it clones, or null. @param storageNodes how many nodes could hold a replica. */
export function completeVolume(request: CreateVolume, poolId: string | null, source: Snapshot | null, storageNodes: () => number): { readonly name: string; readonly spec: VolumeSpec } {
  const name = checkName('volume', request.name);
  const object = `volume ${name}`;
  checkLabels(object, request.labels ?? {});
  const size = checkSize(object, request.size_bytes ?? source?.spec.size_bytes ?? DEFAULT_VOLUME_BYTES);
  const filesystem = request.filesystem ?? source?.spec.filesystem ?? defaultFilesystem(size);
  if (!FILESYSTEMS.includes(filesystem)) throw bad(`filesystem: "${String(filesystem).slice(0, 40)}" is not a filesystem`, object, 'filesystem', `One of: ${FILESYSTEMS.join(', ')}.`);
  if (source === null && filesystem === 'xfs' && size < MIN_XFS_BYTES) throw bad(`filesystem: xfs needs at least ${formatBytes(MIN_XFS_BYTES)}, ${formatBytes(size)} is asked for`, object, 'filesystem', 'Use ext4, or ask for 300M or more.');
  if (source !== null && filesystem !== source.spec.filesystem) throw bad(`filesystem: the snapshot holds ${source.spec.filesystem}, ${filesystem} is asked for`, object, 'filesystem', 'Leave it out: a clone has its snapshot\'s filesystem.');
  if (source !== null && size < source.spec.size_bytes) throw bad(`size: the snapshot has ${formatBytes(source.spec.size_bytes)}, ${formatBytes(size)} is asked for`, object, 'size', 'A clone cannot be smaller than its snapshot.');
  if (request.access === 'shared') throw new HoldfastError('unsupported', 'access: shared volumes are not served by this version', { object, field: 'access', hint: 'Many containers of one machine may use one volume without it.' });
  checkReplicas(object, request.replicas ?? 1, storageNodes);
  const poolClass = request.class ?? 'any';
  if (!isName(poolClass)) throw bad(`class: ${JSON.stringify(poolClass.slice(0, 80))} is not a class`, object, 'class');
  const placement = completeRules(object, request.placement ?? {}, request.labels ?? {});
  return {
    name,
    spec: {
      size_bytes: size, filesystem, access: 'single', replicas: request.replicas ?? 1, class: poolClass, pool: poolId,
      deletion_protection: request.deletion_protection ?? false,
      trash_retention_ms: checkRetention(object, request.trash_retention_ms ?? DEFAULT_TRASH_RETENTION_MS),
      source_snapshot: source?.id ?? null, ...(placement === null ? {} : { placement }), min_in_sync: 1, movable: false,
    },
  };
}

/** Well-formed, without what says nothing; null when nothing is left. Whether the node exists is asked by `checkRuleNode`. */
function completeRules(object: string, rules: PlacementRules, own: NonNullable<CreateVolume['labels']>): PlacementRules | null {
  const { zones = [], labels = {}, node, spread_by, anti_affinity } = rules;
  const wrongZone = zones.find((zone) => !isName(zone));
  if (wrongZone !== undefined) throw bad(`placement.zones: ${JSON.stringify(wrongZone.slice(0, 80))} is not a zone`, object, 'placement.zones', 'A name such as rack-1; see: holdfast node list');
  checkLabels(object, labels);
  for (const [field, key] of [['spread_by', spread_by], ['anti_affinity', anti_affinity]] as const) {
    if (key === undefined || Object.hasOwn(own, key)) continue;
    throw bad(`placement.${field}: the volume has no label ${JSON.stringify(key.slice(0, 80))}`, object, `placement.${field}`, `The rule goes by a label of the volume: give it one, such as ${/^[\w./-]+$/.test(key) ? key : 'app'}=shop.`);
  }
  const kept: PlacementRules = {
    ...(zones.length === 0 ? {} : { zones: [...new Set(zones)].sort() }), ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(node === undefined ? {} : { node }), ...(spread_by === undefined ? {} : { spread_by }), ...(anti_affinity === undefined ? {} : { anti_affinity }),
  };
  return Object.keys(kept).length === 0 ? null : kept;
}

/** @throws failed_precondition when the rules ask for a node that is not in the cluster. */
export function checkRuleNode(object: string, rules: PlacementRules | undefined, nodes: Iterable<Node>): void {
  if (rules?.node === undefined) return;
  const names: string[] = [];
  for (const { id, name } of nodes) {
    if (rules.node === id || rules.node === name) return;
    names.push(name);
  }
  throw new HoldfastError('failed_precondition', `placement.node: there is no node "${rules.node.slice(0, 80)}"`, { object, field: 'placement.node', hint: names.length > 10 ? 'List them: holdfast node list' : `One of: ${names.sort().join(', ')}.` });
}

export function checkRetention(object: string, ms: number): number {
  if (!Number.isSafeInteger(ms) || ms < 0) throw bad(`trash_retention_ms: ${ms} is not a duration`, object, 'trash_retention_ms', 'A whole number of milliseconds; 0 purges at once.');
  return ms;
}

function checkReplicas(object: string, replicas: number, storageNodes: () => number): void {
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 3) throw bad(`replicas: ${replicas} is not 1, 2 or 3`, object, 'replicas');
  if (replicas === 1) return;
  if (replicas > storageNodes()) throw tooManyReplicas(object, replicas, storageNodes());
  throw new HoldfastError('unsupported', `replicas: this version keeps one copy of a volume, ${replicas} are asked for`, { object, field: 'replicas', hint: 'Ask for 1.' });
}

/** Whole blocks within what a volume may have. */
export function checkSize(object: string, bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw bad(`size: ${bytes} is not a size`, object, 'size', `A whole number of bytes, rounded up to ${BLOCK_BYTES}.`);
  const size = roundUpToBlock(bytes);
  if (size < MIN_VOLUME_BYTES) throw bad(`size: ${formatBytes(size)} is too small for a filesystem`, object, 'size', `Ask for ${formatBytes(MIN_VOLUME_BYTES)} or more.`);
  if (size > MAX_VOLUME_BYTES) throw bad(`size: ${formatBytes(size)} is more than a volume can have`, object, 'size', `Ask for ${formatBytes(MAX_VOLUME_BYTES)} or less.`);
  return size;
}
