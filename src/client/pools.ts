/** `client.pools`. */
import type { Pool } from '../model/pool.ts';
import type { Call } from './call.ts';
import { changeHeader, createHeader, finish, matchHeader, sendingSignal } from './change.ts';
import { orNull, removed } from './finding.ts';
import { listing, type Listing } from './paging.ts';
import type { ChangeOptions, Changed, CreateOptions, CreatePool, GrowPool, ReadOptions, Removed, UpdatePool, WipePool } from './types.ts';

/** `ref` is an id or a name everywhere. */
export interface Pools {
  create(request: CreatePool, options?: CreateOptions): Promise<Changed<Pool>>;
  /** @throws not_found. */
  get(ref: string, options?: ReadOptions): Promise<Pool>;
  /** null when there is none. */
  find(ref: string, options?: ReadOptions): Promise<Pool | null>;
  list(filter?: { readonly name?: string | undefined }, options?: ReadOptions): Listing<Pool>;
  update(ref: string, change: UpdatePool, options?: ChangeOptions): Promise<Pool>;
  grow(ref: string, change?: GrowPool, options?: ChangeOptions): Promise<Changed<Pool>>;
  /** Deletes no file. Refused while live volumes are in it. */
  remove(ref: string, options?: ChangeOptions): Promise<Removed>;
  /** Deletes for good what a removed pool left on a path or device. */
  wipe(request: WipePool, options?: ReadOptions): Promise<void>;
}

export function createPools(call: Call): Pools {
  const get = async (ref: string, options: ReadOptions = {}): Promise<Pool> => (await call('get', '/v1/pools/{pool}', { path: { pool: ref }, signal: options.signal })).body;
  return {
    get,
    async create(request, options = {}) {
      return finish(call, await call('post', '/v1/pools', { header: createHeader(options), body: request, signal: sendingSignal(options) }), options, get);
    },
    find: (ref, options) => orNull(get(ref, options)),
    list: (filter = {}, options = {}) => listing(async (page) => (await call('get', '/v1/pools', { query: { ...filter, ...page }, signal: options.signal })).body),
    async update(ref, change, options = {}) {
      return (await call('patch', '/v1/pools/{pool}', { path: { pool: ref }, header: matchHeader(options), body: change, signal: options.signal })).body;
    },
    async grow(ref, change = {}, options = {}) {
      return finish(call, await call('post', '/v1/pools/{pool}/grow', { path: { pool: ref }, header: changeHeader(options), body: change, signal: sendingSignal(options) }), options, get);
    },
    async remove(ref, options = {}) {
      return removed(call, await call('delete', '/v1/pools/{pool}', { path: { pool: ref }, header: changeHeader(options), signal: sendingSignal(options) }), options, null);
    },
    async wipe(request, options = {}) {
      await call('post', '/v1/pool-wipes', { body: request, signal: options.signal, extraMs: 600_000 });
    },
  };
}
