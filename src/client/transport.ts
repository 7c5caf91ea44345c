/**
 * One request and its answer over node:http, which is part of every Node process: a command that asks one question
 * loads nothing for it. Keeps connections; says in words why there is no answer. It retries nothing and reads no JSON.
 */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions, request } from 'node:http';
import { HoldfastError } from '../model/errors.ts';
import type { Endpoint } from './endpoint.ts';

// An import would read every getter of the module, and one of them loads an HTTP client of its own: 80 ms for nothing.
const http = process.getBuiltinModule('node:http');

export interface WireRequest {
  readonly method: string;
  /** With its query, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Time until the whole answer is there, ms; for streams until its headers are. */
  readonly timeoutMs: number;
}
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}
/** Certificates for https: each as PEM, or the path of a file that holds it. */
export interface TlsOptions {
  /** Root certificate of the cluster. */
  readonly ca?: string | undefined;
  /** The client's certificate, with its issuers. */
  readonly cert?: string | undefined;
  /** The client's private key: a secret. */
  readonly key?: string | undefined;
}

export interface Transport {
  send(request: WireRequest): Promise<WireAnswer>;
  /** The answer as it comes. */
  open(request: WireRequest): Promise<IncomingMessage>;
  close(): void;
}

/** No answer came. `sent`: the daemon may have seen the request. `code`: the system's. */
export class NoAnswer extends HoldfastError {
  readonly sent: boolean;
  readonly systemCode: string;
  constructor(error: HoldfastError, systemCode: string, sent: boolean, cause: unknown) {
    super(error.code, error.message, error.detail, { cause, retryable: error.retryable });
    this.sent = sent;
    this.systemCode = systemCode;
  }
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Connections at once; further requests wait for one of them. */
const MAX_CONNECTIONS = 64;
/** A host that is away gives no sign at all. */
const CONNECT_MS = 10_000;

export function createTransport(endpoint: Endpoint, tls: TlsOptions = {}): Transport {
  let agent: Agent | undefined;
  let secureRequest: typeof request | undefined;

  async function prepare(): Promise<{ readonly agent: Agent; readonly start: typeof request }> {
    const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS, scheduling: 'lifo' as const };
    if (endpoint.kind === 'tcp' && endpoint.secure) {
      const { https, secureContext } = await import('./tls.ts'); // only who needs it loads TLS
      agent ??= new https.Agent({ ...options, minVersion: 'TLSv1.3', ...(await secureContext(tls)) });
      secureRequest = https.request;
    }
    agent ??= new http.Agent(options);
    return { agent, start: secureRequest ?? http.request };
  }

  async function open(wire: WireRequest, whole?: (answer: IncomingMessage) => Promise<WireAnswer>): Promise<IncomingMessage | WireAnswer> {
    wire.signal?.throwIfAborted();
    const { agent: connections, start } = await prepare().catch((error: unknown) => { throw error instanceof HoldfastError ? error : new HoldfastError('invalid_argument', String(error), { field: 'tls' }); });
    const where: RequestOptions = endpoint.kind === 'unix'
      ? { socketPath: endpoint.socketPath, path: wire.path, headers: { host: 'localhost', ...wire.headers } }
      : { host: endpoint.host, port: endpoint.port, path: endpoint.basePath + wire.path, headers: wire.headers };
    return new Promise((resolve, reject) => {
      const outgoing = start({ ...where, method: wire.method, agent: connections });
      let answered = false;
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        if (whole !== undefined || !answered) wire.signal?.removeEventListener('abort', onAbort);
        act();
      };
      const fail = (error: unknown): void => finish(() => { outgoing.destroy(); reject(wire.signal?.aborted === true ? reasonOf(wire.signal) : explain(error, endpoint, outgoing)); });
      const onAbort = (): void => { fail(undefined); };
      const timer = setTimeout(() => fail(Object.assign(new Error(`no answer within ${wire.timeoutMs} ms`), { code: 'ETIMEDOUT' })), wire.timeoutMs);
      wire.signal?.addEventListener('abort', onAbort, { once: true });
      if (endpoint.kind === 'tcp') outgoing.once('socket', (socket) => {
        if (!socket.connecting) return;
        const impatience = setTimeout(() => fail(Object.assign(new Error(`no connection within ${CONNECT_MS / 1000} s`), { code: 'EHOSTDOWN' })), CONNECT_MS);
        for (const event of ['connect', 'close'] as const) socket.once(event, () => clearTimeout(impatience));
      });
      outgoing.on('error', (error) => { if (!answered) fail(error); });
      outgoing.once('response', (answer) => {
        answered = true;
        if (whole === undefined) {
          answer.once('close', () => wire.signal?.removeEventListener('abort', onAbort));
          return finish(() => resolve(answer));
        }
        whole(answer).then((value) => finish(() => resolve(value)), fail);
      });
      outgoing.end(wire.body);
    });
  }

  return {
    send: async (wire) => (await open(wire, readWhole)) as WireAnswer,
    open: async (wire) => (await open(wire)) as IncomingMessage,
    close() {
      agent?.destroy();
      agent = undefined;
    },
  };
}

async function readWhole(answer: IncomingMessage): Promise<WireAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') };
}

const reasonOf = (signal: AbortSignal): Error => (signal.reason instanceof Error ? signal.reason : new Error('aborted'));

const START = 'Is holdfastd running? Start it as root ("holdfastd"), or name its endpoint (--endpoint, HOLDFAST_ENDPOINT).';

/** Why there was no answer, for people. */
function explain(thrown: unknown, endpoint: Endpoint, outgoing: ClientRequest): NoAnswer {
  // Several addresses of one host fail together, each with its own code.
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const code = (first as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
  const message = first instanceof Error ? first.message : String(first);
  const where = endpoint.kind === 'unix' ? endpoint.socketPath : endpoint.text;
  const sent = outgoing.socket !== null && !outgoing.socket.connecting && !NOT_CONNECTED.has(code);
  const of = (error: HoldfastError): NoAnswer => new NoAnswer(error, code, sent, thrown);
  const away = (text: string, hint = START): NoAnswer => of(new HoldfastError('unavailable', text, { object: `endpoint ${endpoint.text}`, hint }));
  switch (code) {
    case 'ENOENT': return away(`holdfastd cannot be reached: there is no socket at ${where}`);
    case 'ECONNREFUSED': return away(`holdfastd cannot be reached: nobody listens at ${where}`);
    case 'EACCES':
    case 'EPERM':
      return of(new HoldfastError('permission_denied', `no permission to use ${where}`, { object: `endpoint ${endpoint.text}`, hint: 'The socket of holdfastd is for root only: use sudo.' }));
    case 'EAGAIN': return away(`holdfastd has too many connections waiting at ${where}`, 'Try again in a moment.');
    case 'ENOTSOCK': return away(`${where} is not a socket`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return away(`the host of ${where} is not known`, 'Check the endpoint, and the name service.');
    case 'ETIMEDOUT': return away(`holdfastd at ${where} gave no answer in time: ${message}`, 'See whether the machine is busy, and the log of holdfastd.');
    case 'ECONNRESET':
    case 'EPIPE':
      return away(`the connection to ${where} broke before the answer`, 'The request may have been carried out: look before sending it again.');
    case 'EHOSTDOWN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return away(`${where} cannot be reached: ${message}`, 'Is the machine up, and does the network let this through?');
    default: {
      const refused = distrust(code, message, where, first);
      if (refused !== null) return of(new HoldfastError(refused.code, refused.message, { object: `endpoint ${endpoint.text}`, field: 'ca', hint: refused.hint }));
      return away(`holdfastd at ${where} cannot be reached: ${message}`);
    }
  }
}

/** Why the server was not believed; null when that was not it. */
function distrust(code: string, message: string, where: string, cause: unknown): { readonly code: 'permission_denied' | 'unavailable'; readonly message: string; readonly hint: string } | null {
  const refuse = (text: string, hint: string) => ({ code: 'permission_denied', message: text, hint }) as const;
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return refuse(`${where} shows a certificate of an authority that is not the one given as CA`, 'Give the root certificate of this cluster (--ca, HOLDFAST_CA_FILE). If it is the right one, somebody else answers there.');
    case 'CERT_HAS_EXPIRED': return refuse(`the certificate of ${where} has expired`, 'Look at that node: holdfastd renews it by itself while it runs. Is this machine\'s clock right?');
    case 'CERT_NOT_YET_VALID': return refuse(`the certificate of ${where} is not valid yet`, 'Are the clocks right?');
    case 'ERR_TLS_CERT_ALTNAME_INVALID': return refuse(`${where} is not a name of the node that answers there: its certificate is for ${(cause as { readonly cert?: { readonly subjectaltname?: string } }).cert?.subjectaltname ?? 'others'}`, 'Use one of these names as endpoint.');
    case 'INVALID_PURPOSE': return refuse(`${where} shows a certificate that is not a server's`, 'Somebody else answers there.');
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return { code: 'unavailable', message: `${where} does not speak TLS 1.3: ${message}`, hint: 'Is that the port of holdfastd (7480), and is the endpoint right?' };
    default: return null;
  }
}

const NOT_CONNECTED = new Set(['ENOENT', 'ECONNREFUSED', 'EACCES', 'EPERM', 'EAGAIN', 'ENOTSOCK', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETUNREACH']);
