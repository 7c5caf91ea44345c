/** `client.nodes`: the machines of the cluster. */
import type { Node } from '../model/node.ts';
import type { Call } from './call.ts';
import { changeHeader, finish, matchHeader, sendingSignal } from './change.ts';
import { orNull, removed } from './finding.ts';
import { listing, type Listing } from './paging.ts';
import type { ChangeOptions, Changed, NodeHolding, ReadOptions, Removed, UpdateNode } from './types.ts';

/** `ref` is an id or a name everywhere. */
export interface Nodes {
  /** @throws not_found. */
  get(ref: string, options?: ReadOptions): Promise<Node>;
  /** null when there is none. */
  find(ref: string, options?: ReadOptions): Promise<Node | null>;
  list(filter?: { readonly name?: string | undefined }, options?: ReadOptions): Listing<Node>;
  update(ref: string, change: UpdateNode, options?: ChangeOptions): Promise<Node>;
  /** The volumes on it; trash is not counted. */
  holdings(ref: string, options?: ReadOptions): Promise<readonly NodeHolding[]>;
  /** Returns when nothing is attached there any more. */
  drain(ref: string, options?: ChangeOptions): Promise<Changed<Node>>;
  undrain(ref: string, options?: ChangeOptions): Promise<Node>;
  /** Takes it out of the cluster. `abandon`: its last copies are given up for lost. */
  remove(ref: string, options?: ChangeOptions & { readonly abandon?: boolean | undefined }): Promise<Removed>;
}

export function createNodes(call: Call): Nodes {
  const get = async (ref: string, { signal }: ReadOptions = {}): Promise<Node> => (await call('get', '/v1/nodes/{node}', { path: { node: ref }, signal })).body;
  return {
    get,
    find: (ref, options) => orNull(get(ref, options)),
    list: (filter = {}, { signal } = {}) => listing(async (page) => (await call('get', '/v1/nodes', { query: { ...filter, ...page }, signal })).body),
    async update(ref, change, options = {}) {
      return (await call('patch', '/v1/nodes/{node}', { path: { node: ref }, header: matchHeader(options), body: change, signal: options.signal })).body;
    },
    holdings: async (ref, { signal } = {}) => (await call('get', '/v1/nodes/{node}/holdings', { path: { node: ref }, signal })).body.items,
    async drain(ref, options = {}) {
      return finish(call, await call('post', '/v1/nodes/{node}/drain', { path: { node: ref }, header: changeHeader(options), signal: sendingSignal(options) }), options, get);
    },
    async undrain(ref, options = {}) {
      return (await call('post', '/v1/nodes/{node}/undrain', { path: { node: ref }, header: matchHeader(options), signal: options.signal })).body;
    },
    async remove(ref, { abandon, ...options } = {}) {
      return removed(call, await call('delete', '/v1/nodes/{node}', { path: { node: ref }, query: { abandon }, header: changeHeader(options), signal: sendingSignal(options) }), options, null);
    },
  };
}
