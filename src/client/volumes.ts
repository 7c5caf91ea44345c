/** `client.volumes` and `client.trash`. */
import type { Volume } from '../model/volume.ts';
import type { Call } from './call.ts';
import { changeHeader, createHeader, finish, matchHeader, sendingSignal } from './change.ts';
import { orNull, removed } from './finding.ts';
import { listing, type Listing } from './paging.ts';
import type { ChangeOptions, Changed, CreateOptions, CreateVolume, EnsureVolume, PlacementExplanation, PublishVolume, ReadOptions, Removed, UnpublishVolume, UpdateVolume, VolumeFilter } from './types.ts';

/** `ref` is an id or a name everywhere. */
export interface Volumes {
  /** Makes it, and returns when it is ready to use. A taken name is a conflict. With `dry_run`: what it would be. */
  create(request: CreateVolume, options?: CreateOptions): Promise<Changed<Volume>>;
  /** Takes the volume of this name if it satisfies the request, else makes it; `created` says which. */
  ensure(name: string, request: EnsureVolume, options?: CreateOptions): Promise<Changed<Volume> & { readonly created: boolean }>;
  /** @throws not_found. */
  get(ref: string, options?: ReadOptions): Promise<Volume>;
  /** null when there is none. */
  find(ref: string, options?: ReadOptions): Promise<Volume | null>;
  list(filter?: VolumeFilter, options?: ReadOptions): Listing<Volume>;
  update(ref: string, change: UpdateVolume, options?: ChangeOptions): Promise<Volume>;
  /** Grows it. Equal: nothing to do. Smaller: invalid_argument. */
  resize(ref: string, sizeBytes: number, options?: ChangeOptions): Promise<Changed<Volume>>;
  attach(ref: string, options?: ChangeOptions): Promise<Volume>;
  detach(ref: string, options?: ChangeOptions): Promise<Volume>;
  /** Mounts it for a consumer; `mount_path` is where the files are. */
  publish(ref: string, request: PublishVolume, options?: ChangeOptions): Promise<{ readonly volume: Volume; readonly mount_path: string }>;
  unpublish(ref: string, request: UnpublishVolume, options?: ChangeOptions): Promise<Volume>;
  /** To the trash, or for good when its retention is 0 or `purge` is given. */
  remove(ref: string, options?: ChangeOptions & { readonly purge?: boolean | undefined }): Promise<Removed>;
  /** After the store was set back (condition `StoreBehind`): the record takes over what the replica knows. */
  recover(ref: string, options?: ChangeOptions): Promise<Volume>;
  explain(ref: string, options?: ReadOptions): Promise<PlacementExplanation>;
}

/** `ref` is an id, or the name that the volume had (the newest of that name). */
export interface Trash {
  list(filter?: VolumeFilter, options?: ReadOptions): Listing<Volume>;
  /** @param request.name another name than the one it had. */
  restore(ref: string, request?: { readonly name?: string | undefined }, options?: ChangeOptions): Promise<Volume>;
  /** Deletes its data for good. */
  purge(ref: string, options?: ChangeOptions): Promise<Removed>;
}

const queryOf = ({ labels, ...rest }: VolumeFilter) => ({ ...rest, label: labels === undefined ? undefined : Object.entries(labels).map(([key, value]) => `${key}=${value}`) });

export function createVolumes(call: Call): Volumes {
  const get = async (ref: string, options: ReadOptions = {}): Promise<Volume> => (await call('get', '/v1/volumes/{volume}', { path: { volume: ref }, signal: options.signal })).body;
  return {
    get,
    async create(request, options = {}) {
      const answer = await call('post', '/v1/volumes', { header: createHeader(options), body: request, signal: sendingSignal(options) });
      return finish(call, answer, options, get);
    },
    async ensure(name, request, options = {}) {
      const answer = await call('put', '/v1/volumes/{volume}', { path: { volume: name }, header: createHeader(options), body: request, signal: sendingSignal(options) });
      const created = answer.status === 202 ? answer.body.kind === 'volume.create' : answer.status === 201;
      return { ...(await finish(call, answer, options, get)), created };
    },
    find: (ref, options) => orNull(get(ref, options)),
    list: (filter = {}, options = {}) => listing(async (page) => (await call('get', '/v1/volumes', { query: { ...queryOf(filter), ...page }, signal: options.signal })).body),
    async update(ref, change, options = {}) {
      return (await call('patch', '/v1/volumes/{volume}', { path: { volume: ref }, header: matchHeader(options), body: change, signal: options.signal })).body;
    },
    async resize(ref, sizeBytes, options = {}) {
      const answer = await call('post', '/v1/volumes/{volume}/resize', { path: { volume: ref }, header: changeHeader(options), body: { size_bytes: sizeBytes }, signal: sendingSignal(options) });
      return finish(call, answer, options, get);
    },
    async recover(ref, options = {}) {
      return (await call('post', '/v1/volumes/{volume}/recover', { path: { volume: ref }, header: matchHeader(options), signal: options.signal })).body;
    },
    async attach(ref, options = {}) {
      return (await call('post', '/v1/volumes/{volume}/attach', { path: { volume: ref }, header: matchHeader(options), signal: options.signal })).body;
    },
    async detach(ref, options = {}) {
      return (await call('post', '/v1/volumes/{volume}/detach', { path: { volume: ref }, header: matchHeader(options), signal: options.signal })).body;
    },
    async publish(ref, request, options = {}) {
      return (await call('post', '/v1/volumes/{volume}/publish', { path: { volume: ref }, header: matchHeader(options), body: request, signal: options.signal })).body;
    },
    async unpublish(ref, request, options = {}) {
      return (await call('post', '/v1/volumes/{volume}/unpublish', { path: { volume: ref }, header: matchHeader(options), body: request, signal: options.signal })).body;
    },
    async remove(ref, options = {}) {
      const answer = await call('delete', '/v1/volumes/{volume}', { path: { volume: ref }, query: { purge: options.purge }, header: changeHeader(options), signal: sendingSignal(options) });
      return removed(call, answer, options, get);
    },
    async explain(ref, options = {}) {
      return (await call('get', '/v1/volumes/{volume}/explain', { path: { volume: ref }, signal: options.signal })).body;
    },
  };
}

export function createTrash(call: Call): Trash {
  return {
    list: (filter = {}, options = {}) => listing(async (page) => (await call('get', '/v1/trash', { query: { ...queryOf(filter), ...page }, signal: options.signal })).body),
    async restore(ref, request = {}, options = {}) {
      return (await call('post', '/v1/trash/{volume}/restore', { path: { volume: ref }, header: matchHeader(options), body: request, signal: options.signal })).body;
    },
    async purge(ref, options = {}) {
      const answer = await call('delete', '/v1/trash/{volume}', { path: { volume: ref }, header: changeHeader(options), signal: sendingSignal(options) });
      return { ...(await removed(call, answer, options, null)), purgeAt: null };
    },
  };
}
