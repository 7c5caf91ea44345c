/** `holdfast completion`. */
import { HoldfastError } from '../../model/errors.ts';
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { SCRIPTS, SHELLS } from '../completion/scripts.ts';

export default command({
  arguments: { shell: argument('SHELL', 'bash or zsh.', SHELLS) },
  details: 'Completes commands, options and the names of what there is.',
  examples: [
    ['completion bash > /etc/bash_completion.d/holdfast', 'For everybody who uses bash'],
    ["completion zsh > '/usr/local/share/zsh/site-functions/_holdfast'", 'For everybody who uses zsh'],
  ],
  async run({ out }, { shell }) {
    const script = SHELLS.find((one) => one === shell);
    if (script === undefined) throw new HoldfastError('invalid_argument', `there is no completion for "${shell.slice(0, 40)}"`, { field: 'SHELL', hint: `One of: ${SHELLS.join(', ')}.` });
    out.print(SCRIPTS[script].trimEnd());
  },
});
