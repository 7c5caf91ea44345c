/** Opens the control store of a cluster: etcd, run by Holdfast or given by the user. */
import type { Store } from '../../control/ports/store.ts';
import { EtcdConnection, type EtcdConnectionOptions } from './connection.ts';
import { KeySpace } from './key-space.ts';
import { EtcdStore } from './store.ts';

export interface EtcdStoreOptions extends EtcdConnectionOptions {
  /** Below which all keys are. Printable ASCII without blanks, no `/` at its end. Default `/holdfast`. */
  readonly prefix?: string;
  /** etcd's `quota-backend-bytes`, for `check` with an etcd that does not tell it (before 3.6). Default 2 GiB, as etcd's. */
  readonly quotaBytes?: number;
}

/**
 * Does not wait for etcd: the first call connects, and every call tries until its deadline.
 * @throws invalid_argument for endpoints or a prefix that are none
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { clock, log, prefix = '/holdfast', quotaBytes = 2 * 2 ** 30 } = options;
  const keys = new KeySpace(prefix);
  return new EtcdStore({ connection: new EtcdConnection(options), keys, clock, log, quotaBytes });
}
