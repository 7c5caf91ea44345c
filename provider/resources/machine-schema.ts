/** What `holdfast_cluster` and `holdfast_node` say about machines in the same way. Nothing of it is secret. */
import { checkLabels, checkName } from '../../src/model/name.ts';
import { parseHostKey } from '../bootstrap/host-key.ts';
import { between, matching, oneOf, parsedBy, sizeBetween, t } from '../framework/index.ts';
import { understood } from './check.ts';

/** What begins with a dash would be an option to ssh. */
export const hostForm = /^[^\s/@-][^\s/@]*$/;
export const userForm = matching(/^[^\s@:-][^\s@:]*$/, 'be the name of a user');
export const host = () => t.string().validate(matching(hostForm, 'be a name or an address')).describe('Name or address that SSH connects to.');
export const login = {
  port: t.int().validate(between(1, 65_535)).describe('Port of its sshd. Default: the provider\'s `ssh.port`, else 22.'),
  user: t.string().validate(userForm).describe('Who logs in. Default: the provider\'s `ssh.user`, else `root`.'),
  host_key: t.string().validate(parsedBy(parseHostKey)).describe('Its public host key (`ssh-ed25519 AAAA…`, the text of `/etc/ssh/ssh_host_ed25519_key.pub`) or the fingerprint of it (`SHA256:…`). Default: what known_hosts has; a key that is neither given nor known is refused.'),
};
export const nodeName = () => t.string().validate(understood((name: string) => checkName('node', name)));
export const addressForm = matching(/^[^\s/]+$/, 'be host or host:port');
export const labels = () => t.map(t.string()).validate(understood((all: Record<string, string>) => checkLabels('labels', all)));
export const zoneForm = understood((zone: string) => { if (zone !== '') checkName('zone', zone); });
export const ROLE = oneOf('control', 'storage');
export const roles = () => t.set(t.string().validate(ROLE)).validate(sizeBetween(1, 2));

export const packageAttribute = () => t.object({
  file: t.string().describe('A Debian package or an archive (`.tar.gz`) of Holdfast on the machine that runs Terraform; it is uploaded. Other content is another version.'),
  apt: t.string().describe('A version that `apt-get` of the machine finds, such as `0.1.0`.'),
}).describe('Where Holdfast comes from: `file` or `apt`. What differs is upgraded in place, one node after another. Default: it is there already, and is left as it is.');

export const storeAttribute = () => t.object({
  kind: t.string().validate(oneOf('etcd', 'sqlite')).describe('`etcd`: on the nodes with the role `control`, run by Holdfast, or an etcd of yours (`endpoints`). `sqlite`: embedded, for one node alone. Default `etcd`.'),
  endpoints: t.list(t.string()).describe('An etcd of yours: its client URLs. Default: Holdfast runs its own.'),
  ca: t.string().describe('With `endpoints`: path of its authority\'s certificate on every node.'),
  cert: t.string().describe('With `endpoints`: path of the client certificate on every node.'),
  key: t.string().describe('With `endpoints`: path of the key of that certificate on every node. The key itself is never read by Terraform.'),
});

/** The port of a node's REST API where none is said. */
const API_PORT = 7480;

/** `host:port`, as the cluster shows it. */
export function addressOf(text: string): string {
  const bare = /^[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text) ? `[${text}]` : text;
  return /:\d+$/.test(bare) ? bare : `${bare}:${API_PORT}`;
}
export const apiUrl = (address: string): string => `https://${addressOf(address)}`;

/** In the order in which they are always written. */
export const sortedRoles = (given: readonly string[]): string[] => ['control', 'storage'].filter((role) => given.includes(role));
