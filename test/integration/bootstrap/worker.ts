/** Converges, and is killed at one moment: `worker.ts <node.json> <root> <moment>`; moments count the beginnings and ends of changes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { converge } from '../../../src/bootstrap/converge.ts';
import { parseNodeFile } from '../../../src/bootstrap/node-file.ts';

const [file = '', root = '', moment = ''] = process.argv.slice(2);
const top = path.resolve(import.meta.dirname, '../../..');
let left = Number(moment);
const die = (delayMs: number): void => {
  left -= 1;
  if (left !== 0) return;
  if (delayMs === 0) process.kill(process.pid, 'SIGKILL');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), delayMs);
};
await converge({
  wanted: parseNodeFile(readFileSync(file, 'utf8'), path.dirname(file)), root, plan: false, token: async () => process.env['HOLDFAST_JOIN_TOKEN'] ?? null,
  programs: { holdfastd: [process.execPath, '--disable-warning=ExperimentalWarning', path.join(top, 'src/daemon/main.ts'), '--root', root], 'holdfast-etcd': ['etcd', '--config-file', path.join(root, 'etc/holdfast/etcd.conf.yml')] },
  // In the middle of a change: soon after it began. Then: between two changes.
  onBegin: () => die(60),
  onDone: () => die(0),
});
process.exit(0);
