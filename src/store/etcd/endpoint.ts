/**
 * One member of etcd as seen from here: its connection (HTTP/2, used by all calls at once), and whether it can be used
 * just now. Does not choose among members, and does not try again: connection.ts does.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { Client, Metadata, credentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { HoldfastError } from '../../model/errors.ts';

export interface EtcdTls {
  /** PEM: whom to trust, and what to show. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}
/** Asked at each new connection, so that renewed certificates are taken up. null: plain, for tests on loopback. */
export type EtcdTlsSource = EtcdTls | null | (() => EtcdTls);

/** One method, as the generated service definitions have it. */
export interface Rpc<Q, A> {
  readonly path: string;
  readonly requestSerialize: (request: Q) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => A;
}

/** The largest answer that is read. Lists ask for smaller pages when one would be larger (reading.ts). */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const OPTIONS = {
  // Each endpoint decides itself when to connect anew; nothing is shared with another store of this process.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** What is asked for by name in the TLS handshake where there is an address only: TLS forbids addresses there. The certificate is checked against the address. */
const NO_NAME = 'etcd';

/** A connection, and the streams that end with it. */
export interface Link {
  readonly client: Client;
  readonly streams: Set<{ cancel(): void }>;
  /** It answered when it was made, and nothing spoke against it since. */
  proven: boolean;
  /** Monotonic ms of the latest answer. */
  answeredAt: number;
}

export class Endpoint {
  readonly url: string;
  /** Monotonic ms before which it is not tried again. */
  notBefore = 0;
  /** What it said, or why it could not be reached, when it was last given up. */
  reason = 'not tried yet';
  /** The attempt to reach it that runs now. */
  connecting: Promise<Link> | null = null;
  readonly #host: string;
  readonly #address: string;
  readonly #tls: EtcdTlsSource;
  #failures = 0;
  #link: Link | null = null;

  /** @throws invalid_argument when the URL is none, or does not fit to `tls` */
  constructor(url: string, tls: EtcdTlsSource) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    const scheme = tls === null ? 'http:' : 'https:';
    if (parsed === null || parsed.protocol !== scheme || parsed.pathname.length > 1 || parsed.username !== '') {
      throw new HoldfastError('invalid_argument', `${url} is no endpoint of etcd`, { object: 'store', field: 'endpoints', hint: `Write it like ${scheme}//10.77.0.11:2379.` });
    }
    this.url = url.replace(/\/$/, '');
    this.#host = parsed.hostname.replace(/^\[|\]$/g, '');
    this.#address = `${parsed.hostname}:${parsed.port === '' ? (scheme === 'https:' ? 443 : 80) : parsed.port}`;
    this.#tls = tls;
  }

  /** The connection that is in use; null when there is none. */
  get link(): Link | null {
    return this.#link;
  }

  /** The connection, made anew when there is none. It proves itself by the first answer. */
  connect(): Link {
    if (this.#link !== null) return this.#link;
    const tls = typeof this.#tls === 'function' ? this.#tls() : this.#tls;
    const security = tls === null ? credentials.createInsecure() : credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert), { checkServerIdentity: (_name, certificate) => checkServerIdentity(this.#host, certificate) });
    const options = tls !== null && isIP(this.#host) !== 0 ? { ...OPTIONS, 'grpc.ssl_target_name_override': NO_NAME } : OPTIONS;
    this.#link = { client: new Client(this.#address, security, options), streams: new Set(), proven: false, answeredAt: 0 };
    return this.#link;
  }

  prove(link: Link): void {
    link.proven = true;
    this.#failures = 0;
  }

  /**
   * No more calls on this connection: its streams end, its calls run to their deadlines. A link of before changes nothing.
   * @param link null: there could not even be one
   */
  giveUp(link: Link | null, reason: string, now: number): void {
    if (this.#link !== link) return;
    this.reason = reason;
    this.#failures += 1;
    this.notBefore = now + Math.min(100 * 2 ** Math.min(this.#failures - 1, 5), 2_000);
    this.close();
  }

  close(): void {
    const link = this.#link;
    this.#link = null;
    if (link === null) return;
    link.proven = false;
    for (const stream of [...link.streams]) stream.cancel();
    link.client.close();
  }
}

/** Refused at once by a member that knows of no leader, rather than kept waiting or left in the dark. */
export function needsLeader(): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  return metadata;
}

/** One call on a connection. gRPC counts deadlines by the wall clock. */
export function callUnary<Q, A>(link: Link, rpc: Rpc<Q, A>, request: Q, deadlineMs: number, metadata: Metadata): Promise<A> {
  return new Promise((resolve, reject) => {
    link.client.makeUnaryRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize, request, metadata, { deadline: Date.now() + deadlineMs }, (error: ServiceError | null, answer?: A) => {
      if (error !== null) reject(error);
      else resolve(answer as A);
    });
  });
}

/** A stream that ends with its connection. Whoever opens it cancels it. @param deadlineMs none: without end */
export function openStream<Q, A>(link: Link, rpc: Rpc<Q, A>, deadlineMs?: number): ClientDuplexStream<Q, A> {
  const stream = link.client.makeBidiStreamRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize, needsLeader(), deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs });
  link.streams.add(stream);
  stream.on('status', () => link.streams.delete(stream));
  // Told to whoever reads it; without a listener it would end the process.
  stream.on('error', () => link.streams.delete(stream));
  return stream;
}

/** The first answer of a stream to one request; then the stream ends. */
export async function exchange<Q, A>(link: Link, rpc: Rpc<Q, A>, request: Q, deadlineMs: number): Promise<A> {
  const stream = openStream(link, rpc, deadlineMs);
  try {
    return await new Promise<A>((resolve, reject) => {
      stream.once('data', resolve);
      stream.once('error', reject);
      stream.once('end', () => reject(new Error('the stream ended without an answer')));
      stream.write(request);
    });
  } finally {
    stream.cancel();
  }
}
