/** `client.operations` and `client.events`. */
import type { HoldfastEvent } from '../model/node.ts';
import type { Operation } from '../model/operation.ts';
import type { Call } from './call.ts';
import { listing, type Listing } from './paging.ts';
import type { ReadOptions, WaitOptions } from './types.ts';
import { waitForOperation } from './waiting.ts';
import { readEvents, type OpenStream } from './watching.ts';

export interface Operations {
  get(id: string, options?: ReadOptions): Promise<Operation>;
  /** @param filter.target id of the object. @param filter.running true: only those that are not over; false: only those that are. */
  list(filter?: { readonly target?: string | undefined; readonly running?: boolean | undefined }, options?: ReadOptions): Listing<Operation>;
  /** Asks it to stop and undo. @throws failed_precondition when it cannot be cancelled. */
  cancel(id: string, options?: ReadOptions): Promise<Operation>;
  /**
   * Returns it when it has succeeded. Goes on over a restart of the daemon.
   * @throws its error when it failed; failed_precondition when it was cancelled; unavailable after `timeoutMs`.
   */
  wait(operation: Operation, options?: WaitOptions): Promise<Operation>;
}

export interface Events {
  /** Newest first. @param filter.object id or name. */
  list(filter?: { readonly object?: string | undefined }, options?: ReadOptions): Listing<HoldfastEvent>;
  /** What happens from now on, until the signal is aborted. @throws unavailable when the daemon goes away. */
  watch(filter?: { readonly object?: string | undefined }, options?: ReadOptions): AsyncIterable<HoldfastEvent>;
}

export function createOperations(call: Call): Operations {
  return {
    async get(id, options = {}) {
      return (await call('get', '/v1/operations/{operation}', { path: { operation: id }, signal: options.signal })).body;
    },
    list: (filter = {}, options = {}) => listing(async (page) => (await call('get', '/v1/operations', { query: { ...filter, ...page }, signal: options.signal })).body),
    async cancel(id, options = {}) {
      return (await call('post', '/v1/operations/{operation}/cancel', { path: { operation: id }, signal: options.signal })).body;
    },
    wait: (operation, options) => waitForOperation(call, operation, options),
  };
}

export function createEvents(call: Call, open: OpenStream): Events {
  return {
    list: (filter = {}, options = {}) => listing(async (page) => (await call('get', '/v1/events', { query: { ...filter, ...page }, signal: options.signal })).body),
    watch: (filter = {}, options = {}) => readEvents(open, filter, options.signal),
  };
}
