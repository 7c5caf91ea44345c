/** `holdfast cert sign`. */
import { HoldfastError } from '../../model/errors.ts';
import { ROLES } from '../../model/identity.ts';
import { command } from '../command.ts';
import { formatMoment } from '../format.ts';
import { needFile, needOption, writeWhole } from '../key-files.ts';
import { choice, duration, text } from '../option.ts';
import { absolute } from '../path.ts';

const HINT = 'For example: holdfast cert sign --role operator --name alice --csr alice.csr --out alice.crt';

export default command({
  options: {
    role: choice('--role <role>', 'What its holder may do: admin, operator, plugin or read-only.', ROLES),
    name: text('--name <name>', 'Name of the client.'),
    csr: text('--csr <file>', 'The request, from cert request.', 'file'),
    file: text('--out <file>', 'Where to write the certificate. Default: print it.', 'file'),
    ttl: duration('--ttl <duration>', 'How long it is valid, 10m to 365d. Default: 90d.'),
  },
  details: 'admin: everything. operator: data and nodes, no identities. plugin: what a scheduler needs of volumes. read-only: reading. The certificate is no secret.',
  examples: [['cert sign --role operator --name alice --csr alice.csr --out alice.crt', 'Sign a request'], ['cert sign --role read-only --name monitor --csr monitor.csr --ttl 365d --out monitor.crt', 'For a year']],
  async run({ host, out, client }, given) {
    const { role } = given;
    if (role === undefined) throw new HoldfastError('invalid_argument', '--role is missing', { field: '--role', hint: HINT });
    const name = needOption(given.name, '--name', HINT);
    const csr = await needFile(absolute(host, needOption(given.csr, '--csr', HINT)), '--csr');
    const signed = await client.certificates.sign({ role, name, csr, ttl_ms: given.ttl });
    const file = given.file === undefined ? null : absolute(host, given.file);
    if (file !== null) await writeWhole(file, signed.certificate, 0o644);
    await out.object(signed, () => (file === null ? [signed.certificate.trimEnd()] : [`the certificate of ${name} (${role}) is in ${file}, valid until ${formatMoment(signed.record.not_after, host.now())}`]));
  },
});
