/** `holdfast cert request`. */
import { makeKeyAndRequest } from '../../security/request.ts';
import { command } from '../command.ts';
import { needOption, readIfThere, writeWhole } from '../key-files.ts';
import { text } from '../option.ts';
import { absolute } from '../path.ts';

const HINT = 'For example: holdfast cert request --name alice --key alice.key --out alice.csr';

export default command({
  options: {
    name: text('--name <name>', 'Name of the client, for whoever signs to read.'),
    key: text('--key <file>', 'The private key; made, readable by its owner only, if it is not there.', 'file'),
    file: text('--out <file>', 'Where to write the request.', 'file'),
  },
  details: 'The key is made here and stays here; the request is no secret. An admin signs it with holdfast cert sign. Needs no daemon.',
  examples: [['cert request --name alice --key alice.key --out alice.csr', 'A key, and the request for its certificate']],
  async run({ host, out }, given) {
    const name = needOption(given.name, '--name', HINT);
    const [key, file] = [absolute(host, needOption(given.key, '--key', HINT)), absolute(host, needOption(given.file, '--out', HINT))];
    const before = await readIfThere(key);
    const made = await makeKeyAndRequest(name, before ?? undefined);
    if (before === null) await writeWhole(key, made.key, 0o600);
    await writeWhole(file, made.csr, 0o644);
    await out.changed({ name, key, csr: file, key_made: before === null }, `the request is in ${file}${before === null ? `, its new key in ${key}` : ''}`, `An admin signs it: holdfast cert sign --role operator --name ${name} --csr ${given.file ?? ''} --out ${name}.crt`);
  },
});
