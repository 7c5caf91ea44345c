/**
 * The data path of a node as one object: the replicas that it serves to other nodes and to itself, and the mirrors of the
 * volumes that are attached here. Whoever composes it gives what the data path must not know by itself: the control
 * store, the lease, who owns a generation, where nodes are reached.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { NodeLease } from '../../model/volume.ts';
import { TIMING, type Timing } from '../protocol/timing.ts';
import type { ReplicaPlace } from '../storage/replica-files.ts';
import { connectHere } from './connection.ts';
import { openFront, type Front } from './front.ts';
import { MirrorHost, type Tale } from './mirror-host.ts';
import type { PeerCredentials } from './peer-identity.ts';
import type { Records } from './records.ts';
import { connectThere } from './remote-replica.ts';
import { openReplica, type ReplicaHost } from './replica-host.ts';
import { listenForPeers, type ReplicaListener } from './replica-server.ts';

export interface IoConfig {
  /** Id of this node. */
  readonly node: string;
  readonly credentials: PeerCredentials;
  /** Where replicas are served to other nodes. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Names this boot of the machine; pools that were mounted anew since may add to it. */
  readonly boot: string;
  readonly timing?: Partial<Timing>;
}

export interface IoPorts {
  /** The lease that this node has now. */
  lease(): string;
  records(volume: string): Records;
  ownerOf(volume: string, generation: number): Promise<string | null>;
  /** Where the replica server of a node is reached; null: not known now. */
  addressOf(node: string): { readonly host: string; readonly port: number } | null;
  tell(tale: Tale): void;
}

export interface AttachRequest {
  readonly volume: string;
  /** Path of the unix socket on which the device is served. */
  readonly socket: string;
  readonly min_in_sync?: number;
  /** What the device shows; the volume's size when not given. */
  readonly ceiling?: number;
  /** A device that an earlier process served is still there. */
  readonly resumes?: boolean;
}

export interface Io {
  /** Of the listener. */
  readonly port: number;
  /** Serves a replica whose files are there; a damaged one is told about and refused to everybody. */
  addReplica(replica: Omit<ReplicaPlace, 'boot'> & { readonly boot?: string }): Promise<ReplicaHost>;
  removeReplica(volume: string): Promise<void>;
  /** Resolves when the device's socket is there. */
  attach(request: AttachRequest): Promise<MirrorHost>;
  /** @returns whether the record is clean now. */
  detach(volume: string): Promise<boolean>;
  mirrorOf(volume: string): MirrorHost | null;
  /** Gives back what is attached, then stops serving. */
  close(): Promise<void>;
}

interface Attached { readonly mirror: MirrorHost; front: Front | null }

export async function createIo(config: IoConfig, ports: IoPorts): Promise<Io> {
  const timing: Timing = { ...TIMING, ...config.timing };
  const replicas = new Map<string, ReplicaHost>();
  const attached = new Map<string, Attached>();
  const listener: ReplicaListener = await listenForPeers({ ...config.credentials, ...config.listen, ownerOf: (volume, generation) => ports.ownerOf(volume, generation), replicaOf: (volume) => replicas.get(volume) ?? null });
  const self = (): NodeLease => ({ node: config.node, lease: ports.lease() });

  const makeMirror = ({ volume, min_in_sync = 1, resumes = false }: AttachRequest): Attached => {
    const mirror = new MirrorHost({
      volume, self, min_in_sync, resumes, timing, records: ports.records(volume), tell: (tale) => ports.tell(tale),
      connect: (replica, generation, incarnation, events) => {
        const here = replicas.get(volume);
        if (replica.node === config.node && here?.replica === replica.id) return connectHere(here, generation, incarnation, events);
        const address = replica.node === config.node ? null : ports.addressOf(replica.node);
        if (address === null) return connectNowhere(() => events.lost('nobody knows where it is'));
        return connectThere({ ...config.credentials, ...address, node: replica.node, volume, generation, incarnation }, events);
      },
      ended: (why) => {
        ports.tell({ volume, what: 'DeviceEnded', replicas: [], text: why });
        void made.front?.close();
        if (attached.get(volume) === made) attached.delete(volume);
      },
    });
    const made: Attached = { mirror, front: null };
    return made;
  };

  const detach = async (volume: string): Promise<boolean> => {
    const one = attached.get(volume);
    if (one === undefined) return false;
    const clean = await one.mirror.release();
    attached.delete(volume);
    await one.front?.close();
    return clean;
  };

  return {
    port: listener.port,
    async addReplica(place) {
      if (replicas.has(place.volume)) throw new HoldfastError('conflict', `a replica of volume ${place.volume} is served already`, { object: `volume ${place.volume}` });
      const host = await openReplica({ ...place, boot: place.boot ?? config.boot, timing, tell: (text) => ports.tell({ volume: place.volume, what: 'ReplicaMedium', replicas: [place.replica], text }) });
      replicas.set(place.volume, host);
      return host;
    },
    async removeReplica(volume) {
      const host = replicas.get(volume);
      replicas.delete(volume);
      await host?.close();
    },
    async attach(request) {
      const { volume, socket } = request;
      if (attached.has(volume)) throw new HoldfastError('conflict', `volume ${volume} is attached here already`, { object: `volume ${volume}` });
      const made = makeMirror(request);
      attached.set(volume, made);
      try {
        const size = await made.mirror.begin();
        made.front = await openFront(made.mirror, { socket, size: request.ceiling ?? size, limit: size });
        if (made.mirror.phase === 'over') {
          await made.front.close();
          throw new HoldfastError('unavailable', `volume ${volume} was lost again while it was attached`, { object: `volume ${volume}` });
        }
        return made.mirror;
      } catch (thrown) {
        made.mirror.abandon();
        attached.delete(volume);
        throw thrown;
      }
    },
    detach,
    mirrorOf: (volume) => attached.get(volume)?.mirror ?? null,
    async close() {
      for (const volume of [...attached.keys()]) await detach(volume);
      await listener.close();
      for (const host of replicas.values()) await host.close();
      replicas.clear();
    },
  };
}

function connectNowhere(lost: () => void): { send(): void; flush(): void; close(): void; readonly owed: number } {
  let over = false;
  queueMicrotask(() => { if (!over) lost(); });
  return { send: () => undefined, flush: () => undefined, close: () => { over = true; }, owed: 0 };
}
