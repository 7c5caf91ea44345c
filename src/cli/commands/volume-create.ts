/** `holdfast volume create`: a name with options, or an in-line spec, or a spec with options that do not contradict it. */
import type { CreateVolume } from '../../client/client.ts';
import { HoldfastError } from '../../model/errors.ts';
import { checkName } from '../../model/name.ts';
import { checkShape, isSpec, parseSpec, type VolumeRequest } from '../../model/spec.ts';
import { SPEC_KEYS } from '../../model/spec-grammar.ts';
import { FILESYSTEMS } from '../../model/volume.ts';
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { argument, choice, duration, flag, integer, labels, list, size, text, toggle, WAITING } from '../option.ts';
import { volumeInShort } from '../views/volume.ts';

export default command({
  arguments: { spec: argument('NAME|SPEC', 'A name, or a spec such as size=10G,fs=xfs,name=db.') },
  options: {
    size: size('--size <size>', 'Size with a binary unit, such as 512M, 10G or 2T. Default: 1G.'),
    fs: choice('--fs <filesystem>', 'Filesystem: xfs or ext4. Default: xfs; ext4 below 300M, where XFS refuses.', FILESYSTEMS),
    class: text('--class <class>', 'Class of pool it may be placed in. Default: any.'),
    pool: text('--pool <pool>', 'Pool that it must be in. Default: the one with the most room that suits.', 'pool'),
    zones: list('--zone <zone>', 'Only in this zone; given more than once: in one of them. Default: any.'),
    node: text('--node <node>', 'Only on this node, by name or id. Default: any.', 'node'),
    poolLabels: labels('--pool-label <key=value>', 'Only in pools that, themselves or by their node, carry this label; may be given more than once.'),
    spreadBy: text('--spread-by <label>', 'A label of the volume: prefer zones, then nodes, with fewer volumes of the same value.'),
    antiAffinity: text('--anti-affinity <label>', 'A label of the volume: never on a node that holds a volume with the same value and rule.'),
    repl: integer('--repl <count>', 'Number of copies, 1 to 3; not more than there are nodes. Default: 1.', 1, 3),
    labels: labels('--label <key=value>', 'A label; may be given more than once.'),
    protect: toggle('--protect', 'Refuse to remove it until this is lifted.', 'Let it be removed. The default.'),
    retention: duration('--trash-retention <duration>', 'How long it is kept in the trash when removed, such as 12h or 30d; 0 deletes at once. Default: 7d.'),
    from: text('--from <volume@snapshot>', 'Clone this snapshot instead of making an empty volume.', 'snapshot'),
    ifTrashed: choice('--if-trashed <what>', 'When a volume of this name is in the trash: refuse, restore it, or make a new one. Default: new, with a warning.', ['refuse', 'restore', 'new']),
    ensure: flag('--ensure', 'Take the volume of this name if it satisfies the request (size and copies are minimums).'),
    dryRun: flag('--dry-run', 'Check everything, and make nothing.'),
    ...WAITING,
  },
  details: 'The keys of a spec: size, repl, fs, class, labels (key=value pairs with "+" between them), protect, retention, name. A key that is also given as an option must say the same.',
  examples: [
    ['volume create db --size 10G', 'A volume of 10 GiB'],
    ['volume create size=10G,fs=ext4,name=db', 'The same way as Docker spells it'],
    ['volume create db --size 10G --label app=shop --protect --trash-retention 30d', 'With a label, protected, kept a month when removed'],
    ['volume create db-1 --label app=db --anti-affinity app', 'Never on the node of another volume of app=db'],
    ['volume create db-test --from db@before-upgrade', 'A clone of a snapshot'],
  ],
  async run({ out, client, carryOut }, given) {
    const { pool, from, ifTrashed, ensure, dryRun } = given;
    const wish = requestOf(given.spec, {
      size_bytes: given.size, filesystem: given.fs, class: given.class, replicas: given.repl, labels: given.labels,
      deletion_protection: given.protect, trash_retention_ms: given.retention,
    });
    if (ensure && dryRun) throw new HoldfastError('invalid_argument', '--ensure and --dry-run cannot be given together', { field: '--dry-run', hint: 'Leave one of them out.' });
    const { name, scale: _scale, encrypted: _encrypted, ...wanted } = wish;
    const rules = Object.fromEntries(Object.entries({ zones: given.zones, node: given.node, labels: given.poolLabels, spread_by: given.spreadBy, anti_affinity: given.antiAffinity }).filter(([, value]) => value !== undefined)) as NonNullable<CreateVolume['placement']>;
    const request: Omit<CreateVolume, 'name'> = { ...wanted, pool, source_snapshot: from, if_trashed: ifTrashed, ...(Object.keys(rules).length === 0 ? {} : { placement: rules }) };
    const volume = await carryOut(given, async (wait) => (ensure ? client.volumes.ensure(name, request, wait) : client.volumes.create({ name, ...request, dry_run: dryRun || undefined }, wait)));
    if (volume === null) return;
    const said = out.human ? volumeInShort(volume, await readNames(client)) : '';
    const taken = 'created' in volume && !volume.created;
    await out.changed(volume, dryRun ? `nothing was made; it would be: ${said.replace(/ is [a-z]+:/, ':')}` : taken ? `${said}; it was there already` : said);
  },
});

/** What the spec and the options ask for together. @throws invalid_argument where they contradict each other. */
export function requestOf(spec: string, options: { readonly [K in keyof VolumeRequest]?: VolumeRequest[K] | undefined }): VolumeRequest {
  const written: VolumeRequest = isSpec(spec) ? parseSpec(spec) : { name: checkName('volume', spec, 'name') };
  const asked = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<VolumeRequest>;
  for (const row of SPEC_KEYS) {
    const [inSpec, inOptions] = [row.write(written), row.write(asked)];
    if (inSpec !== undefined && inOptions !== undefined && inSpec !== inOptions) {
      throw new HoldfastError('invalid_argument', `${row.key}: the spec says ${inSpec} and the option says ${inOptions}`, { object: `volume ${written.name}`, field: row.key, hint: 'Say it once, or say the same twice.' });
    }
  }
  return checkShape({ ...written, ...asked, name: written.name });
}
