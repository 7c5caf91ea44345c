// Capacity on one machine that volumes live in: a directory, or block devices that become one XFS each.
import { dataHoldfastPool, pool as l1 } from '../bindings.ts';
import { Construct, type ITerraformDependable } from '../cdktf.ts';
import { given } from './given.ts';
import type { INode } from './node.ts';
import type { Holdfast } from './provider.ts';
import { Volume, type VolumeProps } from './volume.ts';

/** A pool that volumes can be put into, whoever made it. */
export interface IPool {
  /** Its name, which volumes refer to. */
  readonly name: string;
}

export interface PoolProps {
  /** Default: the id of the construct. */
  readonly name?: string;
  /** How many times its capacity may be promised to volumes; above 1 a full pool can surprise a volume. Default: 1. */
  readonly overcommit?: number;
  /** A word that volumes can ask for instead of a pool's name, such as `fast`. Default: none. */
  readonly class?: string;
  /** Default: the provider's. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The node that it is on. Its name has to be the only one in the cluster. Default: the node that the endpoint is. */
  readonly on?: INode;
  /** Default: the stack's only daemon. */
  readonly holdfast?: Holdfast;
}

export interface DirectoryPoolProps extends PoolProps {
  /** An existing directory, absolute. Snapshots are instant where its filesystem can share blocks (XFS, btrfs). */
  readonly path: string;
}

export interface DevicePoolProps extends PoolProps {
  /** Block devices, absolute paths; each gets an XFS. One that holds anything is refused. */
  readonly devices: readonly string[];
  /** Take devices that hold something, and overwrite it. Default: false. */
  readonly force?: boolean;
}

/** A pool that this stack makes. Made by `Pool.directory` or `Pool.devices`. */
export class Pool extends Construct implements IPool {
  /** A pool in an existing directory. */
  static directory(scope: Construct, id: string, props: DirectoryPoolProps): Pool {
    return new Pool(scope, id, props, { kind: 'directory', path: props.path });
  }

  /** A pool on block devices, which it formats. */
  static devices(scope: Construct, id: string, props: DevicePoolProps): Pool {
    if (props.devices.length === 0) throw new Error(`pool ${id}: devices names none; give at least one, such as /dev/nvme1n1`);
    return new Pool(scope, id, props, given({ kind: 'device', devices: [...props.devices], force: props.force }));
  }

  /** A pool that is there already and is managed elsewhere. */
  static named(scope: Construct, id: string, name: string, holdfast?: Holdfast): IPool {
    return new dataHoldfastPool.DataHoldfastPool(scope, id, given({ name, provider: holdfast?.provider }));
  }

  private readonly resource: l1.Pool;
  private readonly holdfast: Holdfast | undefined;
  private readonly home: Construct;

  private constructor(scope: Construct, id: string, props: PoolProps, kind: Pick<l1.PoolConfig, 'kind' | 'path' | 'devices' | 'force'>) {
    super(scope, id);
    this.home = scope;
    this.holdfast = props.holdfast;
    this.resource = new l1.Pool(this, 'Default', {
      name: props.name ?? id,
      ...kind,
      ...given({ overcommit: props.overcommit, class: props.class, labels: props.labels, nodeAttribute: props.on?.name, provider: props.holdfast?.provider }),
    });
  }

  /** What volumes refer to it by. */
  get name(): string {
    return this.resource.name;
  }

  /** For what has to come after it. */
  get dependable(): ITerraformDependable {
    return this.resource;
  }

  /** `pool_…`. */
  get poolId(): string {
    return this.resource.id;
  }

  /** What the filesystems below it can hold, in bytes. */
  get capacityBytes(): number {
    return this.resource.capacityBytes;
  }

  /** A volume in this pool; beside it in the tree of constructs, so that its address is its own. */
  volume(id: string, props: Omit<VolumeProps, 'pool' | 'holdfast'>): Volume {
    return new Volume(this.home, id, { ...props, pool: this, holdfast: this.holdfast });
  }
}
