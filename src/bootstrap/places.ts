/** Where converge finds and lays things, all below one root. Pure. */
import path from 'node:path';
import type { EtcdPaths } from './settings.ts';

export interface Places {
  readonly root: string;
  readonly config: string;
  readonly etcdConfig: string;
  readonly pki: string;
  /** Keys and certificates in the making; becomes `pki` in one move. */
  readonly pkiMaking: string;
  readonly pkiJoining: string;
  readonly membership: string;
  readonly embeddedStore: string;
  readonly etcdData: string;
  readonly run: string;
  readonly log: string;
  readonly socket: string;
  /** What the daemon notes about itself when it starts. */
  readonly daemonNote: string;
  readonly etcdNote: string;
  readonly packageNote: string;
  readonly lock: string;
  readonly archiveHome: string;
}

export function placesBelow(root: string): Places {
  const at = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root, config: at('etc/holdfast/holdfastd.json'), etcdConfig: at('etc/holdfast/etcd.conf.yml'),
    pki: at('etc/holdfast/pki'), pkiMaking: at('etc/holdfast/pki.making'), pkiJoining: at('etc/holdfast/pki.joining'), membership: at('etc/holdfast/pki/membership.json'),
    embeddedStore: at('var/lib/holdfast/store/store.db'), etcdData: at('var/lib/holdfast/etcd'),
    run: at('run/holdfast'), log: at('var/log/holdfast'), socket: at('run/holdfast/holdfast.sock'),
    daemonNote: at('run/holdfast/holdfastd.started.json'), etcdNote: at('run/holdfast/holdfast-etcd.started.json'),
    packageNote: at('var/lib/holdfast/package.json'), lock: at('run/holdfast/converge.lock'), archiveHome: at('opt/holdfast'),
  };
}

export const etcdPathsOf = (places: Places): EtcdPaths => ({
  data: places.etcdData, ca: path.join(places.pki, 'store-ca.crt'), cert: path.join(places.pki, 'store.crt'), key: path.join(places.pki, 'store.key'),
});
export const adminFile = (places: Places, name: string): string => path.join(places.pki, `admin-${name}.crt`);
