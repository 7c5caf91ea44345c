/** `holdfastd`: flags, signals, exit codes. The only place of the daemon that reads arguments and ends the process. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { asHoldfastError, exitCodeOf, HoldfastError } from '../model/errors.ts';
import { withoutTokensAndKeys } from '../model/secrets.ts';
import { VERSION } from '../model/version.ts';
import { loadConfig } from './config.ts';
import { startDaemon, type Daemon } from './daemon.ts';
import { notifyServiceManager } from './notify.ts';
import { pathsBelow } from './paths.ts';
import { startPatiently } from './patience.ts';
import { createLog, systemClock } from './system.ts';

const USAGE = `holdfastd ${VERSION}: the storage daemon of a Holdfast node

Usage: holdfastd [--root DIR] [--config FILE] [--plugin-socket PATH|none] [--log-level LEVEL]

  --root DIR            everything below this directory (default /)
  --config FILE         configuration (default <root>/etc/holdfast/holdfastd.json, if there is one)
  --socket PATH         unix socket of the REST API (default <root>/run/holdfast/holdfast.sock)
  --plugin-socket PATH  unix socket of the Docker volume driver, or "none" (default <root>/run/docker/plugins/holdfast.sock)
  --log-level LEVEL     debug, info, warn or error (default info)
  --version, --help

Example: holdfastd --root /srv/holdfast --plugin-socket /run/docker/plugins/holdfast.sock

It runs in the foreground and logs JSON lines to standard error. SIGTERM stops it; mounted volumes go on working.
`;

function readFlags(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv], strict: true, allowPositionals: false,
      options: { root: { type: 'string' }, config: { type: 'string' }, socket: { type: 'string' }, 'plugin-socket': { type: 'string' }, 'log-level': { type: 'string' }, version: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return values;
  } catch (error) {
    throw new HoldfastError('invalid_argument', (error as Error).message, { hint: 'See holdfastd --help.' }, { cause: error });
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const flags = readFlags(argv);
  if (flags.help === true) return void process.stdout.write(USAGE);
  if (flags.version === true) return void process.stdout.write(`holdfastd ${VERSION}\n`);
  const root = path.resolve(flags.root ?? '/');
  const plugin = flags['plugin-socket'];
  const config = loadConfig(root, { path: flags.config ?? pathsBelow(root).config, required: flags.config !== undefined }, {
    ...(flags.socket === undefined ? {} : { socket: path.resolve(flags.socket) }),
    ...(plugin === undefined ? {} : { plugin_socket: plugin === 'none' ? null : path.resolve(plugin) }),
    ...(flags['log-level'] === undefined ? {} : { log_level: flags['log-level'] as 'info' }),
  });
  if (process.getuid?.() !== 0) throw new HoldfastError('permission_denied', 'holdfastd needs root: it makes loop devices, filesystems and mounts', { hint: 'Run it with sudo, or as a service.' });
  const log = createLog(config.log_level, process.stderr);
  const tell = (state: string): boolean => notifyServiceManager(state, process.env['NOTIFY_SOCKET']);
  const starting = new AbortController();
  let daemon: Daemon | null = null;
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping; what is mounted stays mounted');
    tell('STOPPING=1');
    starting.abort(new HoldfastError('unavailable', 'stopped while it was starting'));
    if (daemon !== null) void daemon.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Through the log, which cuts secrets out; Node would print it as it is.
  process.on('uncaughtException', (error) => {
    log.error({ err: error.stack ?? error.message }, 'holdfastd ends by a fault of its own; what is mounted stays mounted');
    process.exit(1);
  });
  process.on('unhandledRejection', (reason) => log.error({ err: reason instanceof Error ? reason.stack : String(reason) }, 'a promise was rejected and nobody looked'));
  try {
    // A store that is away may be so for hours: the service counts as started, and says what it waits for.
    const { signal } = starting;
    const onWaiting = (why: string): void => { tell(`READY=1\nSTATUS=waiting for the control store: ${why.split('\n')[0] ?? ''}`); };
    daemon = await startPatiently(() => startDaemon(config, log, { signal, onWaiting }), {
      clock: systemClock, signal,
      onWaiting(why) {
        log.warn({ why }, 'the start was interrupted; it is tried again');
        onWaiting(why);
      },
    });
  } catch (error) {
    if (stopping) process.exit(0);
    throw error;
  }
  tell('READY=1\nSTATUS=ready');
  if (stopping) void daemon.stop().then(() => process.exit(0));
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  const error = asHoldfastError(thrown);
  const trace = error.code === 'internal' && thrown instanceof Error ? `${thrown.stack ?? ''}\n` : '';
  process.stderr.write(withoutTokensAndKeys(`holdfastd: ${error.message}\n${error.detail.hint === undefined ? '' : `  ${error.detail.hint}\n`}${trace}`));
  process.exitCode = exitCodeOf(error.code);
  setImmediate(() => process.exit());
});
