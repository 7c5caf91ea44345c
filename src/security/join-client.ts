/**
 * How a machine or client that has nothing but a token gets its certificates: it fetches the server's chain unverified,
 * compares the root with the token's fingerprint, and sends the token only over a connection that this root vouches for.
 */
import { request } from 'node:https';
import { connect, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls';
import type { JoinAnswer, JoinRequest } from '../control/cluster-control.ts';
import { HoldfastError, type ErrorBody } from '../model/errors.ts';
import { parseCertificateUri } from '../model/identity.ts';
import { keyFits, loadPki, savePki, type Pki } from './pki-directory.ts';
import { makeKeyAndRequest } from './request.ts';
import { parseToken, pinFits, type TokenText } from './token.ts';

/** What a machine says about itself; keys, requests and the clock are added here. */
export type JoinFacts = Omit<JoinRequest, 'token' | 'csr' | 'store_csr' | 'issuer_csr' | 'store_issuer_csr' | 'now_ms'>;

export interface JoinOptions {
  /** `https://host:port`, tried in turn until one answers. */
  readonly endpoints: readonly string[];
  /** The token's text: a secret. */
  readonly token: string;
  readonly signal?: AbortSignal;
  /** For one attempt at one endpoint, ms. Default 60 s: the first request of a cluster may wait for its store. */
  readonly timeoutMs?: number;
}

export interface ClientAnswer {
  readonly certificate: string;
  readonly ca: string;
  readonly cluster_id: string;
}

const TIMEOUT_MS = 60_000;

/**
 * Makes the keys (once: an interrupted join goes on with the same), redeems the token, and saves keys and certificates in
 * the PKI directory. Afterwards the directory is complete.
 * @throws permission_denied for a token that is wrong, expired or used; unavailable when no endpoint answers.
 */
export async function joinNode(dir: string, facts: JoinFacts, options: JoinOptions): Promise<JoinAnswer> {
  const control = facts.roles.includes('control');
  const pki = await loadPki(dir);
  const keys: { -readonly [F in 'nodeKey' | 'storeKey' | 'issuerKey' | 'storeIssuerKey']?: string } = {};
  const csrOf = async (file: keyof typeof keys): Promise<string> => {
    const { key, csr } = await makeKeyAndRequest(facts.name, pki[file]);
    keys[file] = key;
    return csr;
  };
  const csr = await csrOf('nodeKey');
  const storeCsr = await csrOf('storeKey');
  const issuers = control ? { issuer_csr: await csrOf('issuerKey'), store_issuer_csr: await csrOf('storeIssuerKey') } : {};
  await savePki(dir, keys);
  const answer = await redeem<JoinAnswer>('/v1/join', { ...facts, csr, store_csr: storeCsr, ...issuers, now_ms: Date.now() }, options);
  const got: Pki = {
    ca: answer.ca, node: answer.certificate, storeCa: answer.store_ca, store: answer.store_certificate,
    ...(answer.issuer === null ? {} : { issuer: answer.issuer }), ...(answer.store_issuer === null ? {} : { storeIssuer: answer.store_issuer }),
  };
  if (!pinFits(answer.ca, parseToken(options.token)) || !keyFits(answer.certificate, keys.nodeKey ?? '') || !keyFits(answer.store_certificate, keys.storeKey ?? '')) {
    throw new HoldfastError('internal', 'the answer to the join holds certificates that are not for this machine', { object: `node ${facts.name}` });
  }
  await savePki(dir, got);
  return answer;
}

/** A client redeems a token for a certificate of its key. @throws as `joinNode`. */
export const joinClient = (request: { readonly name: string; readonly csr: string }, options: JoinOptions): Promise<ClientAnswer> => redeem<ClientAnswer>('/v1/join/client', request, options);

/** The cluster answered, and cannot do it just now: worth asking again. */
export class ClusterBusy extends HoldfastError {}

/** Sends the token and a body to the first endpoint that answers; what is refused there is not asked elsewhere. */
async function redeem<T>(path: string, body: object, { endpoints, token: text, signal, timeoutMs = TIMEOUT_MS }: JoinOptions): Promise<T> {
  const token = parseToken(text);
  if (endpoints.length === 0) throw new HoldfastError('invalid_argument', 'endpoints: say where the cluster is', { object: 'join', field: 'endpoints', hint: 'For example https://10.0.0.11:7480.' });
  const tried: string[] = [];
  let busy: ClusterBusy | null = null;
  for (const endpoint of endpoints) {
    signal?.throwIfAborted();
    try {
      const at = parseJoinEndpoint(endpoint);
      const ca = await fetchRoot(at, token, timeoutMs);
      return await send<T>(at, ca, path, { token: text.trim(), ...body }, timeoutMs, signal);
    } catch (thrown) {
      if (!(thrown instanceof HoldfastError) || !thrown.retryable) throw thrown;
      if (thrown instanceof ClusterBusy) busy = thrown;
      tried.push(thrown.message);
    }
  }
  if (busy !== null) throw busy;
  throw new HoldfastError('unavailable', `no endpoint answers the join: ${tried.join('; ')}`, { object: 'join', field: 'endpoints', hint: 'Is the daemon running there, and is its port open to this machine?' });
}

interface At { readonly text: string; readonly host: string; readonly port: number }

function parseJoinEndpoint(text: string): At {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.username !== '' || url.search !== '') throw new HoldfastError('invalid_argument', `endpoints: "${text.slice(0, 80)}" is no https URL`, { object: 'join', field: 'endpoints', hint: 'For example https://10.0.0.11:7480.' });
  return { text, host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 443 : Number(url.port) };
}

/**
 * The root that the server shows, when it is the one of the token.
 * @throws permission_denied when it is another; unavailable when nobody answers.
 */
async function fetchRoot(at: At, token: TokenText, timeoutMs: number): Promise<string> {
  const shown = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: at.host, port: at.port, minVersion: 'TLSv1.3', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${Math.round(timeoutMs / 1000)} s`)));
    socket.once('error', (error: Error) => reject(unreachable(at, error)));
    socket.once('secureConnect', () => {
      const root = rootOf(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(root);
    });
  });
  if (pinFits(shown, token)) return shown;
  throw new HoldfastError('permission_denied', `${at.text} belongs to another cluster than the token: the fingerprint of its root certificate is not the one in the token`, { object: `endpoint ${at.text}`, field: 'token', hint: 'Nothing was sent to it. Check the address; or is somebody between this machine and the cluster?' });
}

function rootOf(certificate: DetailedPeerCertificate): string {
  let at = certificate;
  const seen = new Set<string>();
  while ((at.issuerCertificate as DetailedPeerCertificate | undefined) !== undefined && !seen.has(at.fingerprint256)) {
    seen.add(at.fingerprint256);
    at = at.issuerCertificate;
  }
  return `-----BEGIN CERTIFICATE-----\n${at.raw.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}

/** The root vouches for nodes by the URI in their certificates: a cluster may be joined by an address that it does not know of. */
function nodeOfThatCluster(certificate: PeerCertificate): Error | undefined {
  const uris = (certificate.subjectaltname ?? '').split(', ').filter((name) => name.startsWith('URI:')).map((name) => parseCertificateUri(name.slice(4)));
  return uris.length === 1 && uris[0]?.kind === 'node' ? undefined : new Error('it shows a certificate that is not a node\'s');
}

function send<T>(at: At, ca: string, path: string, body: object, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
  const text = JSON.stringify(body);
  return new Promise<T>((resolve, reject) => {
    const call = request({
      host: at.host, port: at.port, path, method: 'POST', ca, minVersion: 'TLSv1.3', agent: false, timeout: timeoutMs, checkServerIdentity: (_host, certificate) => nodeOfThatCluster(certificate), ...(signal === undefined ? {} : { signal }),
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), connection: 'close' },
    }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', (error) => reject(unreachable(at, error)));
      answer.once('end', () => {
        const parsed = parseAnswer(Buffer.concat(chunks).toString('utf8'));
        if (answer.statusCode === 200 || answer.statusCode === 201) resolve(parsed as T);
        else reject(refusal(at, answer.statusCode ?? 0, parsed));
      });
    });
    call.once('timeout', () => call.destroy(new Error(`no answer within ${Math.round(timeoutMs / 1000)} s`)));
    call.once('error', (error) => reject(signal?.aborted === true ? signal.reason as Error : unreachable(at, error)));
    call.end(text);
  });
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(at: At, status: number, body: unknown): HoldfastError {
  const error = body as Partial<ErrorBody> | null;
  if (typeof error?.code === 'string' && typeof error.message === 'string') {
    const told = HoldfastError.fromBody({ detail: {}, retryable: false, ...error } as ErrorBody);
    return told.retryable ? new ClusterBusy(told.code, told.message, told.detail, { retryable: true }) : told;
  }
  return new HoldfastError('unavailable', `${at.text} answered the join with status ${status}`, { object: `endpoint ${at.text}` });
}

const unreachable = (at: At, error: Error): HoldfastError => new HoldfastError('unavailable', `${at.text} cannot be reached: ${error.message}`, { object: `endpoint ${at.text}` }, { cause: error });
