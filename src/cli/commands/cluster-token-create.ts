/** `holdfast cluster token create`. */
import { ROLES } from '../../model/identity.ts';
import { NODE_ROLES } from '../../model/node.ts';
import { HoldfastError } from '../../model/errors.ts';
import { command } from '../command.ts';
import { formatMoment } from '../format.ts';
import { writeWhole } from '../key-files.ts';
import { choice, duration, list, text } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  options: {
    for: choice('--for <what>', 'What it gives: node, or the role of a client certificate. Default: node.', ['node', ...ROLES]),
    name: text('--name <name>', 'The only name that may be asked for. Default: any free one.'),
    roles: list('--node-role <role>', 'For nodes: control or storage, that it may take; may be given more than once. Default: storage.', NODE_ROLES),
    replaces: text('--replaces <node>', 'For nodes: the dead node that the new machine takes the place of.', 'node'),
    ttl: duration('--ttl <duration>', 'How long it may be used, 1m to 7d. Default: 1h.'),
    file: text('--out <file>', 'Write it to this file, readable by its owner only, instead of printing it.', 'file'),
  },
  details: 'The token is a secret that works once, for one machine or client. It is shown this once; only a hash of it is kept. Pass it on by a file or the environment (HOLDFAST_JOIN_TOKEN), never as an argument of a command.',
  examples: [
    ['cluster token create > join-token', 'For a storage node'],
    ['cluster token create --node-role control --node-role storage --ttl 20m', 'For a node with a share in the control store'],
    ['cluster token create --replaces n2 --out /run/holdfast/join-token', 'For the machine that takes the place of n2'],
    ['cluster token create --for operator --name alice', 'For a client certificate; redeemed by holdfast cert redeem'],
  ],
  async run({ host, out, client }, given) {
    const roles = given.roles?.map((role) => {
      const found = NODE_ROLES.find((one) => one === role);
      if (found === undefined) throw new HoldfastError('invalid_argument', `--node-role: "${role.slice(0, 40)}" is not one of ${NODE_ROLES.join(', ')}`, { field: '--node-role' });
      return found;
    });
    const { token, record } = await client.tokens.create({ grants: given.for ?? 'node', name: given.name, node_roles: roles, replaces: given.replaces, ttl_ms: given.ttl });
    const file = given.file === undefined ? null : absolute(host, given.file);
    if (file !== null) await writeWhole(file, `${token}\n`, 0o600);
    await out.object(file === null ? { token, record } : { file, record }, () => (file === null ? [token] : [`the token is in ${file}`]));
    out.note(`${record.id} works once, until ${formatMoment(record.expires_at, host.now())}.`);
  },
});
