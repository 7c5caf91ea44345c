// A point-in-time copy of a volume, in its pool. Taken once, when it is first deployed; destroyed with its declaration.
import { snapshot as l1 } from '../bindings.ts';
import { Construct } from '../cdktf.ts';
import { given } from './given.ts';
import type { Holdfast } from './provider.ts';
import type { Volume } from './volume.ts';

/** A snapshot that a volume can begin with, whoever took it. */
export interface ISnapshot {
  /** `snap_…`. */
  readonly snapshotId: string;
}

export interface SnapshotProps {
  /** Unique in its volume. Default: the id of the construct. */
  readonly name?: string;
  /** Default: the provider's. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A snapshot that this stack takes; made by `volume.snapshot(…)`. */
export class Snapshot extends Construct implements ISnapshot {
  private readonly resource: l1.Snapshot;

  constructor(scope: Construct, id: string, props: SnapshotProps & { readonly volume: Volume; readonly holdfast?: Holdfast | undefined }) {
    super(scope, id);
    this.resource = new l1.Snapshot(this, 'Default', {
      name: props.name ?? id,
      volume: props.volume.volumeId,
      ...given({ labels: props.labels, provider: props.holdfast?.provider }),
    });
  }

  /** Its name within its volume. */
  get name(): string {
    return this.resource.name;
  }

  /** `snap_…`. */
  get snapshotId(): string {
    return this.resource.id;
  }
}
