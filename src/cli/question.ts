/** Asks the user a question on the terminal. Only a clear yes is a yes. */
import { createInterface } from 'node:readline';
import { Interrupted, type Host } from './host.ts';

/** @throws Interrupted on Ctrl-C. An end of the input is a no. */
export function ask(host: Host, question: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: host.stdin, terminal: false });
    const release = host.onInterrupt(() => finish(() => { host.stderr.write('\n'); reject(new Interrupted('nothing was changed')); }));
    const finish = (act: () => void): void => {
      release();
      lines.removeAllListeners();
      lines.close();
      act();
    };
    host.stderr.write(`${question} [y/N] `);
    lines.once('line', (line) => finish(() => resolve(/^\s*y(es)?\s*$/i.test(line))));
    lines.once('close', () => finish(() => { host.stderr.write('\n'); resolve(false); }));
  });
}
