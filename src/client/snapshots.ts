/** `client.snapshots`. */
import type { Snapshot } from '../model/snapshot.ts';
import type { Volume } from '../model/volume.ts';
import type { Call } from './call.ts';
import { changeHeader, createHeader, finish, matchHeader, sendingSignal } from './change.ts';
import { orNull, removed } from './finding.ts';
import { listing, type Listing } from './paging.ts';
import type { ChangeOptions, Changed, CreateOptions, CreateSnapshot, ReadOptions, Removed, UpdateSnapshot } from './types.ts';

/** `ref` is an id or `volume@snapshot` everywhere. */
export interface Snapshots {
  create(request: CreateSnapshot, options?: CreateOptions): Promise<Changed<Snapshot>>;
  /** @throws not_found. */
  get(ref: string, options?: ReadOptions): Promise<Snapshot>;
  /** null when there is none. */
  find(ref: string, options?: ReadOptions): Promise<Snapshot | null>;
  /** @param filter.volume id or name. */
  list(filter?: { readonly volume?: string | undefined; readonly name?: string | undefined }, options?: ReadOptions): Listing<Snapshot>;
  update(ref: string, change: UpdateSnapshot, options?: ChangeOptions): Promise<Snapshot>;
  remove(ref: string, options?: ChangeOptions): Promise<Removed>;
  /** Puts its volume back to it, in place; what was there is kept as a snapshot. Returns the volume. */
  restore(ref: string, options?: ChangeOptions): Promise<Changed<Volume>>;
}

export function createSnapshots(call: Call, getVolume: (id: string) => Promise<Volume>): Snapshots {
  const get = async (ref: string, options: ReadOptions = {}): Promise<Snapshot> => (await call('get', '/v1/snapshots/{snapshot}', { path: { snapshot: ref }, signal: options.signal })).body;
  return {
    get,
    async create(request, options = {}) {
      const answer = await call('post', '/v1/snapshots', { header: createHeader(options), body: request, signal: sendingSignal(options) });
      // The operation's target is the volume, since changes of a volume and of its snapshots take turns.
      return finish<Snapshot>(call, answer, options, (id) => get(id.startsWith('snap_') ? id : `${id}@${request.name}`));
    },
    find: (ref, options) => orNull(get(ref, options)),
    list: (filter = {}, options = {}) => listing(async (page) => (await call('get', '/v1/snapshots', { query: { ...filter, ...page }, signal: options.signal })).body),
    async update(ref, change, options = {}) {
      return (await call('patch', '/v1/snapshots/{snapshot}', { path: { snapshot: ref }, header: matchHeader(options), body: change, signal: options.signal })).body;
    },
    async remove(ref, options = {}) {
      // Read first: the operation's target is the volume, and says neither id nor name of the snapshot.
      const { id, name } = await get(ref, options);
      const answer = await call('delete', '/v1/snapshots/{snapshot}', { path: { snapshot: id }, header: changeHeader(options), signal: sendingSignal(options) });
      return { ...(await removed(call, answer, options, null)), id, name };
    },
    async restore(ref, options = {}) {
      const answer = await call('post', '/v1/snapshots/{snapshot}/restore', { path: { snapshot: ref }, header: changeHeader(options), signal: sendingSignal(options) });
      // The operation's target is the volume, or the snapshot whose volume it is.
      return finish(call, answer, options, async (id) => getVolume(id.startsWith('snap_') ? (await get(id)).spec.volume : id));
    },
  };
}
