/** `holdfast cluster join`. */
import { presentDaemonSettings } from '../../bootstrap/present.ts';
import { readWanted } from '../../bootstrap/node-file.ts';
import { HoldfastError } from '../../model/errors.ts';
import { carryOutConvergence } from '../convergence.ts';
import { command } from '../command.ts';
import { flag, labels, list, text } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  options: {
    node: text('--node <name>', 'Name of this machine in the cluster.'),
    advertise: text('--advertise <address>', 'Address at which the other machines reach this one: host or host:port (7480).'),
    listen: text('--listen <address>', 'Address and port to listen on. Default: 0.0.0.0, and the port of --advertise.'),
    endpoints: list('--at <url>', 'A node that is in the cluster, https://host:port; may be given more than once.'),
    tokenFile: text('--token-file <file>', 'File with the join token. Default: the environment, HOLDFAST_JOIN_TOKEN.', 'file'),
    roles: list('--role <role>', 'A role of it: control, storage; may be given more than once. Default: storage.', ['control', 'storage']),
    zone: text('--zone <zone>', 'Failure domain of this machine, such as its rack.'),
    labels: labels('--label <key=value>', 'A label of this machine; may be given more than once.'),
    plan: flag('--plan', 'Only show what would be done.'),
    root: text('--root <directory>', 'Everything below this directory, as the daemon\'s --root. Default: /.', 'directory'),
  },
  details: 'Makes this machine a node of a cluster: its keys are made here and stay here, and the token, which works once, gets them signed. The token also tells the cluster\'s root certificate, so that nobody between can pretend to be it. The same as node converge with a node.json that says so; again, it changes nothing.',
  examples: [
    ['cluster join --node n2 --advertise 10.77.0.12 --at https://10.77.0.11:7480 --token-file /run/holdfast/join-token', 'A storage node'],
    ['cluster join --node n2 --advertise 10.77.0.12 --at https://10.77.0.11:7480 --role control --role storage', 'With a share in the control store, and the token from HOLDFAST_JOIN_TOKEN'],
  ],
  async run(context, given) {
    const { host } = context;
    for (const [value, option] of [[given.node, '--node'], [given.advertise, '--advertise'], [given.endpoints, '--at']] as const) {
      if (value === undefined) throw new HoldfastError('invalid_argument', `${option} is missing`, { field: option, hint: 'For example: holdfast cluster join --node n2 --advertise 10.77.0.12 --at https://10.77.0.11:7480' });
    }
    const root = given.root === undefined ? '/' : absolute(host, given.root);
    const wanted = readWanted({
      name: given.node, advertise: given.advertise, listen: given.listen, zone: given.zone, labels: given.labels, roles: given.roles,
      cluster: { join: { endpoints: given.endpoints, token_file: given.tokenFile === undefined ? undefined : absolute(host, given.tokenFile) } },
      daemon: await presentDaemonSettings(root),
    }, host.cwd);
    await carryOutConvergence(context, wanted, { root, plan: given.plan, by: 'this command' });
  },
});
