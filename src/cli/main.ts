/** `holdfast`: the only place of the command line that reads the process's environment and ends it. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import type { Host } from './host.ts';
import { run } from './run.ts';

const listeners = new Set<() => void>();
let interrupts = 0;
process.on('SIGINT', () => {
  interrupts += 1;
  if (interrupts > 1 || listeners.size === 0) process.exit(130);
  for (const listener of listeners) listener();
});
// Whoever reads our output may have had enough of it (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => { process.exit(error.code === 'EPIPE' ? 0 : 1); });
// Whoever followed a change may be gone (a connection that was cut): it is brought to its end all the same.
process.stderr.on('error', () => { /* nobody is there to be told */ });

const host: Host = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  get stdin() { return process.stdin; },
  stdout: process.stdout,
  stderr: process.stderr,
  program: { node: process.execPath, script: process.argv[1] ?? '' },
  again(env) {
    const { status } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env: { ...process.env, ...env } });
    process.exit(status ?? 1);
  },
  now: () => Date.now(),
  onInterrupt(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

process.exitCode = await run(host);
