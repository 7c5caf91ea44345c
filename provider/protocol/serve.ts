/**
 * The life of a plugin process: handshake with Terraform, the services that go-plugin expects beside the provider's own,
 * and the ways to end. It leaves when Terraform says so, when Terraform is gone, and on SIGTERM; running calls are told
 * through the stop signal and get a short time to undo what they began. The only file here that may end the process.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerIdentity } from './certificate.ts';
import { GrpcServer } from './grpc-server.ts';
import { log, type LogLevel } from './log.ts';
import { int, message } from './protobuf.ts';
import { RPCS, type ProviderCalls, type RpcName } from './tfplugin6.ts';

const MAGIC_COOKIE = 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2';
const CORE_PROTOCOL = 1;
const PLUGIN_PROTOCOL = 6;
const PARENT_POLL_MS = 500;
/** After `Shutdown` Terraform waits two seconds before it kills. */
const SHUTDOWN_GRACE_MS = 1_500;
/** Without Terraform nobody waits, so that a half-made object can be removed in peace. */
const ORPHAN_GRACE_MS = 10_000;
const SOCKET_PATH_MAX = 100;

export interface PluginOptions {
  readonly calls: ProviderCalls;
  /** Tells running calls to give up and to undo what they can. May be called more than once. */
  readonly stop: (reason: string) => void;
}

/** Serves the provider until Terraform is done with it. Ends the process itself; resolves after the handshake. */
export async function servePlugin(options: PluginOptions): Promise<void> {
  refuseStranger();
  const writeHandshake = process.stdout.write.bind(process.stdout);
  keepStdoutClean();

  const socketDirectory = makeSocketDirectory();
  const server = new GrpcServer();
  const end = once((code: number) => {
    rmSync(socketDirectory, { recursive: true, force: true });
    process.exit(code);
  });
  const leave = once((graceMs: number, reason: string) => {
    log.debug('leaving', { reason });
    options.stop(reason);
    setTimeout(() => { end(0); }, graceMs);
    void server.idle().then(async () => server.close()).finally(() => { end(0); });
  });
  registerServices(server, options, () => { leave(SHUTDOWN_GRACE_MS, 'Terraform shuts the provider down'); });
  watchForTheEnd(leave, end);

  const clientCertificatePem = process.env['PLUGIN_CLIENT_CERT'];
  const identity = clientCertificatePem ? createServerIdentity() : undefined;
  const socketPath = join(socketDirectory, 'plugin');
  await server.listen(socketPath, identity && clientCertificatePem ? { ...identity, clientCertificatePem } : undefined);
  const certificate = identity?.certificateDer.toString('base64').replace(/=+$/, '') ?? ''; // the client decodes base64 without padding
  writeHandshake(`${CORE_PROTOCOL}|${PLUGIN_PROTOCOL}|unix|${socketPath}|grpc|${certificate}\n`);
}

function refuseStranger(): void {
  if (process.env['TF_PLUGIN_MAGIC_COOKIE'] !== MAGIC_COOKIE) {
    process.stderr.write('This program is a provider for Terraform and OpenTofu, which start it themselves; it does nothing when run by hand.\n');
    process.exit(1);
  }
  const offered = (process.env['PLUGIN_PROTOCOL_VERSIONS'] ?? '').split(',').filter((version) => version !== '');
  if (offered.length > 0 && !offered.includes(String(PLUGIN_PROTOCOL))) {
    process.stderr.write(`This provider speaks plugin protocol ${PLUGIN_PROTOCOL}; the program that started it speaks ${offered.join(', ')}. Terraform 1.8 or later is needed.\n`);
    process.exit(1);
  }
}

// One stray line of a library before the handshake would make Terraform give up on the provider.
function keepStdoutClean(): void {
  const levels: Readonly<Record<'log' | 'info' | 'debug' | 'warn' | 'error' | 'trace', LogLevel>> = { log: 'info', info: 'info', debug: 'debug', warn: 'warn', error: 'error', trace: 'trace' };
  for (const [method, level] of Object.entries(levels) as [keyof typeof levels, LogLevel][]) {
    globalThis.console[method] = (...parts: unknown[]) => { log[level](parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ')); };
  }
  process.stdout.write = (chunk: Uint8Array | string): boolean => {
    log.info(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    return true;
  };
}

function makeSocketDirectory(): string {
  const base = process.env['PLUGIN_UNIX_SOCKET_DIR'] || tmpdir();
  // The kernel takes socket paths of up to 107 bytes; a deep TMPDIR is longer.
  const directory = mkdtempSync(join(base.length > SOCKET_PATH_MAX - 30 ? '/tmp' : base, 'tf-provider-'));
  chmodSync(directory, 0o700);
  return directory;
}

function registerServices(server: GrpcServer, { calls, stop }: PluginOptions, shutdown: () => void): void {
  const nothing = new Uint8Array();
  server.unary('/grpc.health.v1.Health/Check', async () => message({ status: int(1) }).encode({ status: 1 }));
  server.unary('/plugin.GRPCController/Shutdown', async () => {
    setImmediate(shutdown); // after the answer is on its way
    return nothing;
  });
  server.hold('/plugin.GRPCStdio/StreamStdio');
  server.hold('/plugin.GRPCBroker/StartStream');
  for (const name of Object.keys(RPCS) as RpcName[]) registerCall(server, calls, name);
  server.unary('/tfplugin6.Provider/StopProvider', async () => {
    stop('Terraform was interrupted');
    return nothing;
  });
}

function registerCall<N extends RpcName>(server: GrpcServer, calls: ProviderCalls, name: N): void {
  const call = calls[name];
  if (call === undefined) return;
  const { request, response } = RPCS[name];
  server.unary(`/tfplugin6.Provider/${name}`, async (bytes, signal) => {
    const started = performance.now();
    const answer = await call(request.decode(bytes) as Parameters<typeof call>[0], signal);
    log.trace('answered', { call: name, ms: Math.round(performance.now() - started) });
    return response.encode(answer as never);
  });
}

function watchForTheEnd(leave: (graceMs: number, reason: string) => void, end: (code: number) => void): void {
  // Ctrl-C reaches the whole process group; Terraform tells this process what it means through StopProvider.
  process.on('SIGINT', () => { log.debug('SIGINT is left to Terraform'); });
  process.on('SIGTERM', () => { leave(ORPHAN_GRACE_MS, 'the provider was told to end'); });
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) leave(ORPHAN_GRACE_MS, 'Terraform is gone'); }, PARENT_POLL_MS).unref();
  // Terraform shows the lines after "panic:" to the user when a plugin dies.
  const die = (error: unknown): void => { process.stderr.write(`panic: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n\n`, () => { end(2); }); };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

function once<A extends unknown[]>(action: (...args: A) => void): (...args: A) => void {
  let done = false;
  return (...args) => {
    if (done) return;
    done = true;
    action(...args);
  };
}
