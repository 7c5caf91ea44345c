/** Where things lie, all below one root ("/" in operation, a directory of its own in tests). Nothing else knows these paths. */
import path from 'node:path';

export interface Paths {
  readonly config: string;
  readonly state: string;
  readonly store: string;
  readonly run: string;
  readonly socket: string;
  readonly pluginSocket: string;
  /** Keys and certificates of a node. */
  readonly pki: string;
  /** Client addresses of the control store's members, as they were last seen. */
  readonly storeEndpoints: string;
  /** What runs here, for who configures the machine. */
  readonly started: string;
}

export const pathsBelow = (root: string): Paths => ({
  config: path.join(root, 'etc/holdfast/holdfastd.json'),
  state: path.join(root, 'var/lib/holdfast'),
  store: path.join(root, 'var/lib/holdfast/store/store.db'),
  run: path.join(root, 'run/holdfast'),
  socket: path.join(root, 'run/holdfast/holdfast.sock'),
  pluginSocket: path.join(root, 'run/docker/plugins/holdfast.sock'),
  pki: path.join(root, 'etc/holdfast/pki'),
  storeEndpoints: path.join(root, 'var/lib/holdfast/store-endpoints.json'),
  started: path.join(root, 'run/holdfast/holdfastd.started.json'),
});
