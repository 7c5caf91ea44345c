/** `holdfast __complete`: called by the completion scripts at every press of the key. Silent whatever happens. */
import { command } from '../command.ts';
import { candidates } from '../completion/candidates.ts';
import { liveNames } from '../completion/live-names.ts';
import { argument } from '../option.ts';

const PATIENCE_MS = 800;

export default command({
  arguments: { words: argument('WORDS', 'The words after `holdfast`, the last one unfinished, as a JSON array or separated by newlines.') },
  examples: [['__complete volume', 'Candidates']],
  async run({ out, quickClient }, { words }) {
    const found = await candidates(words.split('\n'), (kind) => liveNames(quickClient(PATIENCE_MS), kind)).catch(() => ({ words: [], paths: null }));
    for (const { word, what } of found.words) out.print(what === '' ? word : `${word}\t${what}`);
    if (found.paths !== null) out.print(`:${found.paths}`);
  },
});
