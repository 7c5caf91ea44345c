/** Where things lie, all below one root ("/" in operation, a directory of its own in tests). Nothing else knows these paths. */
import path from 'node:path';

export interface Paths {
  readonly config: string;
  readonly state: string;
  readonly store: string;
  readonly run: string;
  readonly socket: string;
  readonly pluginSocket: string;
}

export const pathsBelow = (root: string): Paths => ({
  config: path.join(root, 'etc/holdfast/holdfastd.json'),
  state: path.join(root, 'var/lib/holdfast'),
  store: path.join(root, 'var/lib/holdfast/store/store.db'),
  run: path.join(root, 'run/holdfast'),
  socket: path.join(root, 'run/holdfast/holdfast.sock'),
  pluginSocket: path.join(root, 'run/docker/plugins/holdfast.sock'),
});
