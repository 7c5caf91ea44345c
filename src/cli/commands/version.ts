/** `holdfast version`. A daemon that is away is no error here. */
import { HoldfastError } from '../../model/errors.ts';
import { VERSION } from '../../model/version.ts';
import { command } from '../command.ts';

const PATIENCE_MS = 2_000;

export default command({
  details: 'The daemon is asked too; when it does not answer, that is said and the exit code stays 0.',
  examples: [['version', 'Both versions'], ['version -o json', 'The same for a script']],
  async run({ out, quickClient }) {
    let why = '';
    const daemon = await quickClient(PATIENCE_MS).version().catch((error: unknown) => {
      if (!(error instanceof HoldfastError)) throw error;
      why = error.message;
      return null;
    });
    await out.object({ client: VERSION, daemon }, () => [
      `holdfast   ${VERSION}`,
      daemon === null ? `holdfastd  ${out.layout.paint('dim', `no answer: ${why}`)}` : `holdfastd  ${daemon.version}  ${out.layout.paint('dim', `(API ${daemon.api}, cluster ${daemon.cluster_id})`)}`,
    ]);
  },
});
