/** `holdfast cert redeem`. */
import { HoldfastError } from '../../model/errors.ts';
import { joinClient } from '../../security/join-client.ts';
import { makeKeyAndRequest } from '../../security/request.ts';
import { command } from '../command.ts';
import type { Host } from '../host.ts';
import { needFile, needOption, readIfThere, writeWhole } from '../key-files.ts';
import { list, text } from '../option.ts';
import { absolute } from '../path.ts';

const HINT = 'For example: holdfast cert redeem --name alice --at https://10.77.0.11:7480 --token-file token --key alice.key --cert alice.crt --ca ca.crt';

export default command({
  options: {
    name: text('--name <name>', 'Name of the client.'),
    endpoints: list('--at <url>', 'A node of the cluster, https://host:port; may be given more than once.'),
    tokenFile: text('--token-file <file>', 'File with the token. Default: the environment, HOLDFAST_JOIN_TOKEN, else standard input.', 'file'),
    key: text('--key <file>', 'The private key; made, readable by its owner only, if it is not there.', 'file'),
    cert: text('--cert <file>', 'Where to write the certificate.', 'file'),
    ca: text('--ca <file>', 'Where to write the root certificate of the cluster.', 'file'),
  },
  details: 'The token tells the root certificate of its cluster, so that nobody between can pretend to be it. Again with the same key: the same certificate, until the token expires.',
  examples: [['cert redeem --name alice --at https://10.77.0.11:7480 --token-file token --key alice.key --cert alice.crt --ca ca.crt', 'From a token to a certificate']],
  async run({ host, out, interruptible }, given) {
    const name = needOption(given.name, '--name', HINT);
    const place = (value: string | undefined, option: string): string => absolute(host, needOption(value, option, HINT));
    const [key, cert, ca] = [place(given.key, '--key'), place(given.cert, '--cert'), place(given.ca, '--ca')];
    const { endpoints } = given;
    if (endpoints === undefined) throw new HoldfastError('invalid_argument', '--at is missing', { field: '--at', hint: HINT });
    const token = await readToken(host, given.tokenFile === undefined ? undefined : absolute(host, given.tokenFile));
    const before = await readIfThere(key);
    const made = await makeKeyAndRequest(name, before ?? undefined);
    // Kept before the token is used: whoever loses the answer asks again with the same key.
    if (before === null) await writeWhole(key, made.key, 0o600);
    const answer = await interruptible((signal) => joinClient({ name, csr: made.csr }, { endpoints, token, signal }));
    await writeWhole(cert, answer.certificate, 0o644);
    await writeWhole(ca, answer.ca, 0o644);
    await out.changed({ name, key, cert, ca, cluster_id: answer.cluster_id }, `the certificate of ${name} is in ${cert}`, `Use it: holdfast --endpoint ${endpoints[0] ?? ''} --ca ${given.ca ?? ''} --cert ${given.cert ?? ''} --key ${given.key ?? ''} status`);
  },
});

async function readToken(host: Host, file: string | undefined): Promise<string> {
  if (file !== undefined) return needFile(file, '--token-file');
  const fromEnvironment = host.env['HOLDFAST_JOIN_TOKEN'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  if (host.stdin.isTTY === true) throw new HoldfastError('invalid_argument', 'there is no token', { field: '--token-file', hint: 'Give it by --token-file, HOLDFAST_JOIN_TOKEN or standard input; not as an argument, which others can see.' });
  let text = '';
  for await (const chunk of host.stdin) {
    text += chunk.toString();
    if (text.length > 4_096) break;
  }
  return text;
}
