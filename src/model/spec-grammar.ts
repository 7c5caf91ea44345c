/**
 * The grammar of the in-line spec as one table: every key, its synonyms (Portworx's among them), unit, how it is
 * compared with a volume that exists, and, for what is not built, the reason. The parser (`spec.ts`), the comparison
 * (`spec-match.ts`) and the documentation read it; a key is added here and nowhere else. It parses no text of specs.
 */
import { clip, formatSize, parseSize, type Bytes } from './bytes.ts';
import { formatDuration, parseDuration, type Millis } from './duration.ts';
import { HoldfastError } from './errors.ts';
import { checkLabels, checkName } from './name.ts';
import type { Labels } from './record.ts';
import { FILESYSTEMS, type Access, type Filesystem, type Volume } from './volume.ts';

/** What a spec asks for. An omitted field is not asked for: it takes its default at creation and never conflicts later. */
export interface VolumeRequest {
  readonly name: string;
  readonly size_bytes?: Bytes;
  readonly filesystem?: Filesystem;
  readonly access?: Access;
  readonly replicas?: number;
  /** Volumes of a set. Only 1 so far. */
  readonly scale?: number;
  /** Only false so far. */
  readonly encrypted?: boolean;
  readonly class?: string;
  readonly labels?: Labels;
  readonly deletion_protection?: boolean;
  readonly trash_retention_ms?: Millis;
}

/**
 * How a key of a repeated spec is compared with the volume: `equal` must be the same, `minimum` is satisfied by as
 * much or more, `creation` counted when the volume was made and only warns when it differs.
 */
export type Match = 'equal' | 'minimum' | 'creation';

export interface SpecKey {
  readonly key: string;
  readonly synonyms: readonly string[];
  readonly field: keyof VolumeRequest;
  /** What a value is, for people. */
  readonly unit: string;
  readonly example: string;
  readonly match: Match;
  /** @throws invalid_argument; unsupported for a value that is not built yet. `written` is the key as written. */
  readonly read: (value: string, written: string) => Partial<VolumeRequest>;
  /** The value as `read` takes it; undefined when not asked for. */
  readonly write: (request: Partial<VolumeRequest>) => string | undefined;
  /** What an existing volume has, as a request. */
  readonly actual: (volume: Volume) => Partial<VolumeRequest>;
  /** For `minimum`: the command that raises it, where this version has one. */
  readonly raise?: (name: string, wanted: string) => string;
}

/** A key that is known and not to be had: because it is not built yet, or because Holdfast has no such thing. */
export interface RefusedKey {
  readonly key: string;
  readonly synonyms: readonly string[];
  /** Values that ask for nothing, which are therefore accepted and mean nothing. */
  readonly neutral: readonly string[];
  readonly reason: string;
  readonly instead: string;
}

const wrong = (key: string, value: string, expected: string, hint: string): never => {
  throw new HoldfastError('invalid_argument', `${key}: "${printable(value)}" is not ${expected}`, { object: 'spec', field: key, hint });
};
const notBuilt = (key: string, value: string, reason: string, instead: string): never => {
  throw new HoldfastError('unsupported', `${key}=${printable(value)}: ${reason}`, { object: 'spec', field: key, hint: instead });
};

function readBoolean(value: string, key: string): boolean {
  if (['true', 'on', '1'].includes(value)) return true;
  if (['false', 'off', '0'].includes(value)) return false;
  return wrong(key, value, 'true or false', `Write ${key}=true or ${key}=false.`);
}

function readCount(value: string, key: string, most: number): number {
  const count = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  return count >= 1 && count <= most ? count : wrong(key, value, `a whole number from 1 to ${most}`, `For example ${key}=1.`);
}

/** Portworx's `cos` has numbers for names. */
const CLASS_OF_COS: ReadonlyMap<string, string> = new Map([['1', 'low'], ['2', 'medium'], ['3', 'high']]);

function readLabels(value: string, key: string): Labels {
  const form = 'Write labels as labels=app=db+tier=gold: pairs of key=value with "+" between them.';
  const labels = new Map<string, string>();
  for (const pair of value.split('+')) {
    const at = pair.indexOf('=');
    if (at < 1) throw new HoldfastError('invalid_argument', `${key}: "${printable(pair)}" is not a label`, { object: 'spec', field: key, hint: form });
    const [name, text] = [pair.slice(0, at), pair.slice(at + 1)];
    if (labels.has(name)) throw new HoldfastError('invalid_argument', `${key}: the label "${printable(name)}" is given twice`, { object: 'spec', field: key, hint: form });
    labels.set(name, text);
  }
  return checkLabels('spec', Object.fromEntries(labels));
}

/** In the order in which `formatSpec` writes them. */
export const SPEC_KEYS: readonly SpecKey[] = [
  {
    key: 'size', synonyms: [], field: 'size_bytes', unit: 'size with a binary unit', example: '10G', match: 'minimum',
    read: (value) => ({ size_bytes: parseSize(value, 'size') }),
    write: ({ size_bytes }) => (size_bytes === undefined ? undefined : formatSize(size_bytes)),
    actual: ({ spec }) => ({ size_bytes: spec.size_bytes }),
    raise: (name, wanted) => `holdfast volume resize ${name} ${wanted}`,
  },
  {
    key: 'repl', synonyms: ['replicas', 'ha-level', 'ha_level', 'ha'], field: 'replicas', unit: 'replicas, 1 to 3', example: '2', match: 'minimum',
    read: (value, key) => ({ replicas: readCount(value, key, 3) }),
    write: ({ replicas }) => replicas?.toString(),
    actual: ({ spec }) => ({ replicas: spec.replicas }),
  },
  {
    key: 'shared', synonyms: ['sharedv4'], field: 'access', unit: 'true or false', example: 'false', match: 'equal',
    read: (value, key) => (readBoolean(value, key) ? notBuilt(key, value, 'volumes that many nodes mount at once are not built yet', `Leave ${key} out: many containers of one machine can use one volume without it.`) : { access: 'single' }),
    write: ({ access }) => (access === undefined ? undefined : String(access === 'shared')),
    actual: ({ spec }) => ({ access: spec.access }),
  },
  {
    key: 'fs', synonyms: ['format', 'filesystem', 'fstype'], field: 'filesystem', unit: 'xfs or ext4', example: 'xfs', match: 'equal',
    read: (value, key) => ({ filesystem: FILESYSTEMS.find((one) => one === value) ?? wrong(key, value, 'a filesystem', `Write ${key}=xfs or ${key}=ext4.`) }),
    write: ({ filesystem }) => filesystem,
    actual: ({ spec }) => ({ filesystem: spec.filesystem }),
  },
  {
    key: 'scale', synonyms: [], field: 'scale', unit: 'volumes of a set, 1 to 1024', example: '1', match: 'minimum',
    read: (value, key) => (readCount(value, key, 1024) === 1 ? { scale: 1 } : notBuilt(key, value, 'volume sets are not built yet', `Leave ${key} out, and give each task a volume name of its own.`)),
    write: ({ scale }) => scale?.toString(),
    actual: () => ({ scale: 1 }),
  },
  {
    key: 'encryption', synonyms: ['secure', 'encrypted'], field: 'encrypted', unit: 'true or false', example: 'false', match: 'equal',
    read: (value, key) => (readBoolean(value, key) ? notBuilt(key, value, 'encryption at rest is not built yet', `Leave ${key} out, or put the pool on an encrypted device.`) : { encrypted: false }),
    write: ({ encrypted }) => encrypted?.toString(),
    actual: () => ({ encrypted: false }),
  },
  {
    key: 'class', synonyms: ['cos', 'io_priority', 'priority_io'], field: 'class', unit: 'class of pool, "any" for every pool', example: 'fast', match: 'creation',
    read: (value, key) => ({ class: checkName('class of pool', key === 'class' ? value : (CLASS_OF_COS.get(value) ?? value), key) }),
    write: (request) => request.class,
    actual: ({ spec }) => ({ class: spec.class }),
  },
  {
    key: 'labels', synonyms: ['label'], field: 'labels', unit: 'key=value pairs with "+" between them', example: 'app=db+tier=gold', match: 'creation',
    read: (value, key) => ({ labels: readLabels(value, key) }),
    write: ({ labels }) => (labels === undefined ? undefined : Object.entries(labels).map(([name, text]) => `${name}=${text}`).sort().join('+') || undefined),
    actual: ({ labels }) => ({ labels }),
  },
  {
    key: 'protect', synonyms: ['sticky', 'deletion_protection'], field: 'deletion_protection', unit: 'true or false', example: 'true', match: 'creation',
    read: (value, key) => ({ deletion_protection: readBoolean(value, key) }),
    write: ({ deletion_protection }) => deletion_protection?.toString(),
    actual: ({ spec }) => ({ deletion_protection: spec.deletion_protection }),
  },
  {
    key: 'retention', synonyms: ['trash_retention'], field: 'trash_retention_ms', unit: 'duration in the trash; 0 deletes at once', example: '7d', match: 'creation',
    read: (value, key) => ({ trash_retention_ms: parseDuration(value, key) }),
    write: ({ trash_retention_ms }) => (trash_retention_ms === undefined ? undefined : formatDuration(trash_retention_ms)),
    actual: ({ spec }) => ({ trash_retention_ms: spec.trash_retention_ms }),
  },
  {
    key: 'name', synonyms: [], field: 'name', unit: 'name of the volume', example: 'db', match: 'equal',
    read: (value) => ({ name: checkName('volume', value) }),
    write: ({ name }) => name,
    actual: ({ name }) => ({ name }),
  },
];

const LATER = 'is not built yet';
const NONE = 'has no counterpart in Holdfast';
const OUT = 'Leave it out.';
const refused = (key: string, synonyms: readonly string[], neutral: readonly string[], reason: string, instead = OUT): RefusedKey => ({ key, synonyms, neutral, reason, instead });
const OFF: readonly string[] = ['false', 'off', '0'];

export const REFUSED_KEYS: readonly RefusedKey[] = [
  refused('iops', ['io_throttle_rd_iops', 'io_throttle_wr_iops'], [], `a limit of operations per second ${LATER}`),
  refused('bandwidth', ['io_throttle_rd_bw', 'io_throttle_wr_bw'], [], `a limit of bandwidth ${LATER}`),
  refused('snap_schedule', ['snap_interval', 'snapshotschedule'], ['0', 'none'], `a schedule of snapshots ${LATER}`, 'Leave it out, and take snapshots with: holdfast snapshot create VOLUME@NAME'),
  refused('parent', ['source_snapshot'], [], `cloning from a spec ${LATER}`, 'Clone it first: holdfast snapshot clone VOLUME@NAME NEW; then use the new name.'),
  refused('nodes', ['zones', 'zone', 'racks', 'rack', 'regions', 'region'], [], `choosing nodes, racks or zones ${LATER}`, 'Leave it out, or choose pools by class=NAME.'),
  refused('group', ['fg'], OFF, `keeping a group of volumes apart ${LATER}`),
  refused('storagepolicy', ['policy'], [], `a policy by name ${LATER}`, 'Write what it would say as keys of the spec.'),
  refused('autogrow', [], OFF, `growing by itself ${LATER}`, 'Leave it out, and grow with: holdfast volume resize NAME SIZE'),
  refused('aggregation_level', ['aggr_level'], ['1', 'auto'], `striping over devices ${NONE}`),
  refused('io_profile', [], ['auto', 'none'], `an I/O profile ${NONE}`),
  refused('journal', [], OFF, `a journal device ${NONE}`),
  refused('block_size', ['bs'], ['4096', '4K', '4k'], `another block size than 4096 ${NONE}`),
  refused('queue_depth', [], [], `a queue depth per volume ${NONE}`),
  refused('compressed', ['dedupe'], OFF, `compression or deduplication ${NONE}`),
  refused('ephemeral', [], OFF, `a volume that ends with its container ${NONE}`, 'Leave it out, and set retention=0 to have it deleted at once when it is removed.'),
  refused('nodiscard', ['auto_fstrim'], OFF, `choosing about discard ${NONE}`),
  refused('async_io', ['early_ack', 'direct_io', 'cow_ondemand', 'fastpath', 'proxy_write', 'cascaded'], OFF, `this way of doing I/O ${NONE}`),
  refused('force_unsupported_fs_type', ['best_effort_location_provisioning', 'match_src_vol_provision'], OFF, `loosening a check ${NONE}`),
  refused('mount_options', ['csi_mount_options', 'sharedv4_mount_options', 'createoptions'], [], `setting mount options in a spec ${NONE}`),
  refused('sharedv4_svc_type', ['sharedv4_svc_name', 'sharedv4_failover_strategy', 'sharedv4_external_access', 'export', 'export_options'], [], `exporting a volume ${LATER}`),
  refused('scan_policy_trigger', ['scan_policy_action'], ['none'], `a scan policy ${NONE}`),
  refused('proxy_endpoint', ['proxy_nfs_subpath', 'proxy_nfs_exportpath', 'proxy_s3_bucket', 'backend', 'pure_vol_name', 'pure_export_rules'], [], `a volume that stands for foreign storage ${NONE}`),
];

/** Keys whose values would be secrets: a spec ends up in names, lists and logs. Their values are never repeated. */
export const SECRET_KEYS: readonly string[] = ['passphrase', 'secret_key', 'secret', 'secret_options', 'secret_name', 'use_cluster_secret', 'token', 'token_secret', 'token_secret_namespace', 'auth_token', 'password', 'passwd', 'key'];

const SPELLINGS = new Map(SPEC_KEYS.flatMap((row) => [row.key, ...row.synonyms].map((spelling) => [spelling, row] as const)));
const REFUSALS = new Map(REFUSED_KEYS.flatMap((row) => [row.key, ...row.synonyms].map((spelling) => [spelling, row] as const)));

export const findKey = (written: string): SpecKey | undefined => SPELLINGS.get(written);
export const findRefusal = (written: string): RefusedKey | undefined => REFUSALS.get(written);
export const VALID_KEYS: readonly string[] = SPEC_KEYS.map((row) => row.key);

/** The valid key (or synonym) that a wrong one was probably meant to be; undefined when none is near. */
export function nearestKey(written: string): string | undefined {
  const lower = written.trim().toLowerCase();
  if (lower.length > 30) return undefined;
  const ranked = [...SPELLINGS.keys()].map((key) => ({ key, distance: editDistance(lower, key) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.key.length / 3)) ? best.key : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, ca] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, cb] of [...b].entries()) next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (ca === cb ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Foreign text for a message: cut, on one line, and with everything but printable ASCII spelled out. */
export function printable(text: string): string {
  return clip(text).replace(/[^\x20-\x7e…]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
