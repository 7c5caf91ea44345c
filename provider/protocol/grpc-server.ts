/**
 * A gRPC server on `node:http2` for the little that Terraform uses: unary calls, and streams that stay open until the
 * client leaves. Knows methods as paths and messages as bytes, nothing of Terraform. Backpressure and windows are
 * HTTP/2's own; a message may have 256 MiB, as in Terraform's client.
 */
import { createSecureServer, createServer, type Http2SecureServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

export const GRPC_STATUS = { ok: 0, resourceExhausted: 8, unimplemented: 12, internal: 13 } as const;
/** Length limit of one message in bytes, both ways. */
export const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;
const FRAME_HEAD = 5;
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Answers one request. `signal` fires when the client cancels the call or its connection ends. */
export type UnaryHandler = (request: Buffer, signal: AbortSignal) => Promise<Uint8Array>;
export interface TlsOptions { readonly certificatePem: string; readonly privateKeyPem: string; readonly clientCertificatePem: string }

export class GrpcServer {
  readonly #unary = new Map<string, UnaryHandler>();
  readonly #held = new Set<string>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #running = new Set<Promise<void>>();
  #server: Http2Server | Http2SecureServer | undefined;

  /** Answers calls of `path` (`/package.Service/Method`). */
  unary(path: string, handler: UnaryHandler): void { this.#unary.set(path, handler); }

  /** Accepts streams of `path`, sends nothing on them and keeps them open. */
  hold(path: string): void { this.#held.add(path); }

  /** Listens on a unix socket. With `tls`, only the one client certificate given is let in. */
  async listen(socketPath: string, tls?: TlsOptions): Promise<void> {
    const settings = { initialWindowSize: WINDOW_BYTES };
    const server = tls === undefined
      ? createServer({ settings })
      : createSecureServer({
        cert: tls.certificatePem, key: tls.privateKeyPem, ca: tls.clientCertificatePem, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2', settings,
      });
    this.#server = server;
    server.on('session', (session) => {
      session.setLocalWindowSize(4 * WINDOW_BYTES);
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', ignore); // a connection that breaks ends its calls; there is nobody left to tell
    });
    server.on('stream', (stream, headers) => { this.#accept(stream, headers); });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  }

  /** Resolves when no unary call is being answered. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Stops accepting connections and ends those without running calls; resolves when all are gone. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
    for (const session of this.#sessions) session.close();
    await closed;
  }

  #accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', ignore);
    const path = headers[':path'] ?? '';
    if (this.#held.has(path)) {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.resume();
      return;
    }
    const handler = this.#unary.get(path);
    if (handler === undefined) {
      stream.resume();
      finish(stream, GRPC_STATUS.unimplemented, `the method ${path} is not implemented`);
      return;
    }
    const call = this.#answer(stream, handler).finally(() => this.#running.delete(call));
    this.#running.add(call);
  }

  async #answer(stream: ServerHttp2Stream, handler: UnaryHandler): Promise<void> {
    const cancelled = new AbortController();
    stream.on('aborted', () => { cancelled.abort(new Error('the call was cancelled')); });
    try {
      const frame = await readFrame(stream);
      if (!Buffer.isBuffer(frame)) return finish(stream, frame.status, frame.message);
      const response = await handler(frame, cancelled.signal);
      if (response.length > MAX_MESSAGE_BYTES) return finish(stream, GRPC_STATUS.resourceExhausted, `an answer of ${response.length} bytes is longer than ${MAX_MESSAGE_BYTES}`);
      finish(stream, GRPC_STATUS.ok, '', response);
    } catch (error) {
      finish(stream, GRPC_STATUS.internal, error instanceof Error ? error.message : String(error));
    }
  }
}

interface Refusal { readonly status: number; readonly message: string }

/** Reads the one message of a unary call. Rejects when the client goes away in the middle of it. */
async function readFrame(stream: ServerHttp2Stream): Promise<Buffer | Refusal> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_MESSAGE_BYTES + FRAME_HEAD) return { status: GRPC_STATUS.resourceExhausted, message: `a request longer than ${MAX_MESSAGE_BYTES} bytes` };
    chunks.push(chunk);
  }
  const frame = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  if (frame.length < FRAME_HEAD || frame.readUInt32BE(1) !== frame.length - FRAME_HEAD) return { status: GRPC_STATUS.internal, message: 'the request is not exactly one message' };
  if (frame[0] !== 0) return { status: GRPC_STATUS.unimplemented, message: 'compressed messages are not supported' };
  return frame.subarray(FRAME_HEAD);
}

function finish(stream: ServerHttp2Stream, status: number, message: string, body?: Uint8Array): void {
  if (stream.destroyed || stream.closed) return;
  const trailers = { 'grpc-status': String(status), ...(message === '' ? {} : { 'grpc-message': encodeURIComponent(message) }) };
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  if (body === undefined) {
    stream.respond({ ...head, ...trailers }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => { stream.sendTrailers(trailers); });
  const prefix = Buffer.alloc(FRAME_HEAD);
  prefix.writeUInt32BE(body.length, 1);
  stream.write(prefix);
  stream.end(body);
}

const ignore = (): void => undefined;
