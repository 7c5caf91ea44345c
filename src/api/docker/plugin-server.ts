/**
 * The HTTP side of a Docker plugin on a unix socket: takes requests of any shape, answers each with JSON, `{"Err": …}`
 * when it failed. Bounds what a caller can make it hold: size, time, calls at once. Knows no volumes.
 */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { Log } from '../../control/ports/system.ts';
import { asHoldfastError, HoldfastError, httpStatusOf } from '../../model/errors.ts';
import { createGate } from './gate.ts';
import { CALLS, CONTENT_TYPE, errorLine, isCall, readRequest } from './messages.ts';
import type { AnswerCall } from './volume-calls.ts';

export const BODY_LIMIT_BYTES = 1024 ** 2;
/** A body beyond the limit is read to its end and thrown away, so that its sender reads the answer; up to this. */
const DISCARD_LIMIT_BYTES = 256 * 1024 ** 2;
const BACKLOG = 4096;
const CLOSE_GRACE_MS = 10_000;

export interface PluginServer {
  /**
   * Serves on a socket that only its owner may use; replaces the socket of a server that is gone.
   * @throws failed_precondition when somebody else serves there, or what lies there is no socket.
   */
  listen(socketPath: string): Promise<void>;
  /** Takes no more calls, lets those that run end (at most 10 s), and removes the socket. */
  close(): Promise<void>;
}

/** @param answerWithinMs more than zero: from a call's arrival to its answer. */
export function createPluginServer(answer: AnswerCall, log: Log, answerWithinMs: number): PluginServer {
  // A mount that hangs must not keep Docker from listing and looking up.
  const fast = createGate({ running: 64, waiting: 4096 });
  const slow = createGate({ running: 64, waiting: 4096 });

  async function respond(request: http.IncomingMessage): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const call = request.url ?? '';
    try {
      const body = await readBody(request);
      if (!isCall(call)) throw new HoldfastError('not_found', 'the volume driver has no such call', { object: 'request', hint: `There are ${Object.keys(CALLS).map((one) => one.slice(1)).join(', ')}.` });
      if (request.method !== 'POST') return { status: 405, body: { Err: `${call.slice(1)} takes POST only` } };
      const parsed = readRequest(call, body);
      const begun = performance.now();
      const deadline = begun + answerWithinMs;
      const fields = await (CALLS[call].slow ? slow : fast)(deadline, () => answer(call, parsed, deadline));
      log.debug({ call: call.slice(1), ms: Math.round(performance.now() - begun) }, 'Docker call answered');
      return { status: 200, body: { ...fields, Err: '' } };
    } catch (thrown) {
      if (request.destroyed && !request.complete) return { status: 400, body: { Err: 'the request ended before its body' } };
      if (thrown instanceof BodyTooLarge) return { status: 413, body: { Err: thrown.message } };
      const error = asHoldfastError(thrown);
      const told = { call: isCall(call) ? call.slice(1) : 'unknown', code: error.code, field: error.detail.field };
      // Docker looks every volume up before it makes it: what a look-up finds wrong, Create says again.
      if (error.code === 'internal') log.error({ ...told, err: thrown }, error.message);
      else log[error.code === 'not_found' || call === '/VolumeDriver.Get' ? 'debug' : 'warn'](told, error.message);
      return { status: httpStatusOf(error.code), body: { Err: errorLine(error) } };
    }
  }

  const server = http.createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 300_000, connectionsCheckingInterval: 2_000, maxHeaderSize: 16_384 }, (request, response) => {
    // A caller that goes away is no error of ours; what it asked for goes on.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    void respond(request).then(({ status, body }) => {
      const text = Buffer.from(`${JSON.stringify(body)}\n`);
      response.writeHead(status, { 'content-type': CONTENT_TYPE, 'content-length': text.length });
      response.end(text);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => { refuseUnreadable(error, socket); });

  let listening = false;
  return {
    async listen(socketPath) {
      await mkdir(path.dirname(socketPath), { recursive: true, mode: 0o755 });
      await clearStale(socketPath);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        // It is bound within the call: nobody finds it with another mode.
        const before = process.umask(0o177);
        try {
          server.listen({ path: socketPath, backlog: BACKLOG }, () => {
            server.removeListener('error', reject);
            resolve();
          });
        } finally {
          process.umask(before);
        }
      });
      listening = true;
      await chmod(socketPath, 0o600);
      log.info({ socket: socketPath }, 'Docker volume driver listens');
    },
    async close() {
      if (!listening) return;
      listening = false;
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
      server.closeIdleConnections();
      const timer = setTimeout(() => { server.closeAllConnections(); }, CLOSE_GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

class BodyTooLarge extends Error {}

async function readBody(request: http.IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (size > DISCARD_LIMIT_BYTES) break;
  }
  if (size > BODY_LIMIT_BYTES) throw new BodyTooLarge(`the body has more than ${BODY_LIMIT_BYTES} bytes`);
  return Buffer.concat(chunks);
}

/** What is no HTTP, or came too slowly, gets an answer all the same. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  const body = `${JSON.stringify({ Err: `the request could not be read: ${status.slice(4)}` })}\n`;
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: ${CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}

async function clearStale(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found === undefined) return;
  const refuse = (fault: string, hint: string): never => { throw new HoldfastError('failed_precondition', `${socketPath}: ${fault}`, { object: 'volume driver', field: 'socket', hint }); };
  if (!found.isSocket()) refuse('something that is no socket lies there', 'Move it away, or choose another socket.');
  if (await answers(socketPath)) refuse('another volume driver serves there', 'Stop it first, or choose another socket.');
  await unlink(socketPath);
}

const answers = (socketPath: string): Promise<boolean> => new Promise((resolve) => {
  const probe = net.connect(socketPath);
  probe.once('connect', () => { probe.destroy(); resolve(true); });
  probe.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'); });
});
