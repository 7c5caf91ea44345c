/** `holdfast cluster init`. */
import { readFile, writeFile } from 'node:fs/promises';
import { presentDaemonSettings } from '../../bootstrap/present.ts';
import { readWanted } from '../../bootstrap/node-file.ts';
import { HoldfastError } from '../../model/errors.ts';
import { carryOutConvergence } from '../convergence.ts';
import { command } from '../command.ts';
import { choice, flag, labels, list, text } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  options: {
    name: text('--name <name>', 'Name of the cluster.'),
    node: text('--node <name>', 'Name of this machine in it.'),
    advertise: text('--advertise <address>', 'Address at which the other machines reach this one: host or host:port (7480).'),
    listen: text('--listen <address>', 'Address and port to listen on. Default: 0.0.0.0, and the port of --advertise.'),
    zone: text('--zone <zone>', 'Failure domain of this machine, such as its rack.'),
    labels: labels('--label <key=value>', 'A label of this machine; may be given more than once.'),
    fromEmbedded: flag('--from-embedded', 'Take over what this single machine holds: volumes, snapshots, trash, events. Mounted volumes go on working.'),
    store: choice('--store <kind>', 'Where the cluster keeps its records: etcd (default), or sqlite for one node alone, with TLS.', ['etcd', 'sqlite']),
    etcdEndpoints: list('--etcd-endpoint <url>', 'An etcd of your own; may be given more than once. Default: Holdfast runs etcd on the control nodes.'),
    etcdCa: text('--etcd-ca <file>', 'Its certificate authority.', 'file'),
    etcdCert: text('--etcd-cert <file>', 'The client certificate for it.', 'file'),
    etcdKey: text('--etcd-key <file>', 'The key of that certificate.', 'file'),
    adminCsr: text('--admin-csr <file>', 'Certificate request of the first admin, made where the admin\'s key is.', 'file'),
    adminName: text('--admin-name <name>', 'Name in that certificate. Default: admin.'),
    adminCert: text('--admin-cert-out <file>', 'Where the admin\'s certificate goes. Default: standard output.', 'file'),
    plan: flag('--plan', 'Only show what would be done.'),
    root: text('--root <directory>', 'Everything below this directory, as the daemon\'s --root. Default: /.', 'directory'),
  },
  details: 'Begins a cluster on this machine: makes its certificate authority, starts etcd, and makes the daemon the first node. The same as node converge with a node.json that says so; again, it changes nothing. The admin\'s key never comes here: make it with its request by "holdfast cert request", or by openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout admin.key -subj /CN=admin -out admin.csr',
  examples: [
    ['cluster init --name prod --node n1 --advertise 10.77.0.11', 'The first node of a cluster'],
    ['cluster init --name prod --node n1 --advertise 10.77.0.11 --from-embedded', 'A single machine with its volumes becomes the first node'],
    ['cluster init --name prod --node n1 --advertise 10.77.0.11 --admin-csr admin.csr --admin-cert-out admin.crt', 'With a certificate for the first admin'],
  ],
  async run(context, given) {
    const { host, out } = context;
    const needed = (value: string | undefined, option: string): string => {
      if (value !== undefined) return value;
      throw new HoldfastError('invalid_argument', `${option} is missing`, { field: option, hint: 'For example: holdfast cluster init --name prod --node n1 --advertise 10.77.0.11' });
    };
    const root = given.root === undefined ? '/' : absolute(host, given.root);
    const adminName = given.adminName ?? 'admin';
    const csr = given.adminCsr === undefined ? undefined : await readFile(absolute(host, given.adminCsr), 'utf8').catch((cause: Error) => {
      throw new HoldfastError('invalid_argument', `--admin-csr cannot be read: ${cause.message}`, { field: '--admin-csr', hint: 'Make it with: holdfast cert request --name admin --key admin.key --out admin.csr' }, { cause });
    });
    const file = (name: string | undefined): string | undefined => (name === undefined ? undefined : absolute(host, name));
    const wanted = readWanted({
      name: needed(given.node, '--node'), advertise: needed(given.advertise, '--advertise'), listen: given.listen, zone: given.zone, labels: given.labels,
      cluster: { init: { name: needed(given.name, '--name'), from_embedded: given.fromEmbedded, admin: csr === undefined ? undefined : { name: adminName, csr } } },
      store: given.store === undefined && given.etcdEndpoints === undefined ? undefined : { kind: given.store ?? 'etcd', endpoints: given.etcdEndpoints, ca: file(given.etcdCa), cert: file(given.etcdCert), key: file(given.etcdKey) },
      daemon: await presentDaemonSettings(root),
    }, host.cwd);
    const { admin_certificate: certificate } = await carryOutConvergence(context, wanted, { root, plan: given.plan, by: 'this command' });
    if (certificate === null) return;
    if (given.adminCert !== undefined) await writeFile(absolute(host, given.adminCert), certificate);
    else if (out.human) out.print(certificate.trimEnd());
  },
});
