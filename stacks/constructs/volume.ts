// What a container mounts: a filesystem of a declared size in a pool. Growing it is changing the number.
import { volume as l1 } from '../bindings.ts';
import { Construct } from '../cdktf.ts';
import { given } from './given.ts';
import type { IPool, Pool } from './pool.ts';
import type { Holdfast, IfTrashed } from './provider.ts';
import type { Retention } from './retention.ts';
import type { Size } from './size.ts';
import { Snapshot, type ISnapshot, type SnapshotProps } from './snapshot.ts';

/** The filesystem of a volume. XFS needs 300 MB at least; ext4 is taken below that. */
export type Filesystem = 'xfs' | 'ext4';

/** Where in a cluster a volume may be. Counts when it is made. */
export interface Placement {
  /** Only in one of these zones. Default: any. */
  readonly zones?: readonly string[];
  /** Only in pools that, themselves or by their node, carry all of these labels. Default: any. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Only on the node of this name. Default: any. */
  readonly node?: string;
  /** Key of a label of the volume: zones, then nodes, with fewer volumes of the same value are preferred. Default: none. */
  readonly spreadBy?: string;
  /** Key of a label of the volume: never on a node that holds a volume of the same value. Default: none. */
  readonly antiAffinity?: string;
}

export interface VolumeProps {
  /** At least this big; raising it grows the volume live, lowering it is refused. */
  readonly size: Size;
  /** What containers call it. Default: the id of the construct. */
  readonly name?: string;
  /** Default: the daemon chooses one with room, of the wanted class. */
  readonly pool?: IPool | undefined;
  /** The class of pool to choose from. Default: any. */
  readonly class?: string;
  /** Where in the cluster it may be. Default: anywhere. */
  readonly placement?: Placement;
  /** The pools of which one is chosen, when `pool` names none: they are made before it and destroyed after it. Default: none. */
  readonly among?: readonly Pool[];
  /** Default: xfs, or ext4 below 300 MB. */
  readonly filesystem?: Filesystem;
  /** Default: the provider's. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Destroying is refused, at plan and by the daemon, until this is false and applied. Default: true. */
  readonly deletionProtection?: boolean;
  /** How long the data is kept after destroy. Default: 7 days. */
  readonly trashRetention?: Retention;
  /** What to do about one of this name in the trash. Default: refuse. */
  readonly ifTrashed?: IfTrashed;
  /** Begin with what this snapshot holds; counts at creation only. Default: begin empty. */
  readonly from?: ISnapshot;
  /** Default: the stack's only daemon. */
  readonly holdfast?: Holdfast | undefined;
}

/** One volume. */
export class Volume extends Construct {
  private readonly resource: l1.Volume;
  private readonly holdfast: Holdfast | undefined;

  constructor(scope: Construct, id: string, props: VolumeProps) {
    super(scope, id);
    this.holdfast = props.holdfast;
    this.resource = new l1.Volume(this, 'Default', {
      name: props.name ?? id,
      size: props.size.toString(),
      ...given({
        pool: props.pool?.name,
        class: props.class,
        placement: props.placement === undefined ? undefined : placementOf(props.placement),
        dependsOn: props.among?.map((pool) => pool.dependable),
        fs: props.filesystem,
        labels: props.labels,
        deletionProtection: props.deletionProtection,
        trashRetention: props.trashRetention?.toString(),
        ifTrashed: props.ifTrashed,
        sourceSnapshot: props.from?.snapshotId,
        provider: props.holdfast?.provider,
      }),
    });
  }

  /** What containers call it. */
  get name(): string {
    return this.resource.name;
  }

  /** `vol_…`. */
  get volumeId(): string {
    return this.resource.id;
  }

  /** Its real size, in bytes. */
  get sizeBytes(): number {
    return this.resource.sizeBytes;
  }

  /** What this volume holds now, kept under a name; taken when the stack that declares it is deployed. */
  snapshot(id: string, props: SnapshotProps = {}): Snapshot {
    return new Snapshot(this, id, { ...props, volume: this, holdfast: this.holdfast });
  }

  /** For `docker run --volume-driver holdfast -v …`: this volume at a path in the container. */
  mountedAt(path: string): string {
    return `${this.name}:${path}`;
  }
}

const placementOf = ({ zones, labels, node, spreadBy, antiAffinity }: Placement) =>
  given({ zones: zones === undefined ? undefined : [...zones], labels, nodeAttribute: node, spreadBy, antiAffinity });
