/** `holdfast node converge`. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseNodeFile } from '../../bootstrap/node-file.ts';
import { HoldfastError } from '../../model/errors.ts';
import { carryOutConvergence } from '../convergence.ts';
import { command } from '../command.ts';
import { flag, text } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  options: {
    config: text('--config <file>', 'The description of the machine. Default: /etc/holdfast/node.json.', 'file'),
    plan: flag('--plan', 'Only show what would be done. Changes nothing, and needs no daemon.'),
    root: text('--root <directory>', 'Everything below this directory, as the daemon\'s --root. Default: /.', 'directory'),
  },
  details: 'Makes this machine what the file says: package, certificates, control store, settings, services, the node\'s record, pools. What it began and could not end, the next run goes on with; a second run changes nothing. A machine that joins takes its token from the file that cluster.join.token_file names, or from HOLDFAST_JOIN_TOKEN. The keys of the file: docs/node-json.md.',
  examples: [
    ['node converge --config node.json --plan', 'What would be done'],
    ['node converge --config node.json', 'Do it'],
    ['node converge --config node.json -o json', 'The same for a program'],
  ],
  async run(context, { config = '/etc/holdfast/node.json', plan, root }) {
    const file = absolute(context.host, config);
    const content = await readFile(file, 'utf8').catch((cause: Error) => {
      throw new HoldfastError('invalid_argument', `${file} cannot be read: ${cause.message}`, { object: 'node.json', field: '--config', hint: 'Name the description of this machine: docs/node-json.md.' }, { cause });
    });
    const about = await stat(file);
    // It says what root installs and runs.
    if (about.isFile() && (about.mode & 0o002) !== 0) throw new HoldfastError('failed_precondition', `${file} can be written by everybody on this machine`, { object: 'node.json', field: '--config', hint: `Look at what it says, then: chmod o-w ${file}` });
    await carryOutConvergence(context, parseNodeFile(content, path.dirname(file)), { root: root === undefined ? undefined : absolute(context.host, root), plan, by: path.basename(file) });
  },
});
