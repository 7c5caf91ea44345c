/**
 * The REST API `/v1` on a root-only unix socket, and over TLS for other machines: builds the server, its limits and its
 * routes, and lets each caller do what its role may. Translation only: what is asked goes to control, what control says
 * goes back. It reads no environment and ends no process.
 */
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { Type } from 'typebox';
import type { ClusterControl } from '../../control/cluster-control.ts';
import type { Control } from '../../control/control.ts';
import type { Denial } from '../../control/denials.ts';
import type { Log } from '../../control/ports/system.ts';
import { HoldfastError } from '../../model/errors.ts';
import { actorText, type Caller } from '../../model/identity.ts';
import { settle } from './answers.ts';
import { documentOptions } from './document.ts';
import { BODY_LIMIT_BYTES, RETRY_AFTER_SECONDS, failureOf, jsonFault, rawAnswer, unknownRoute, wrongMethod, type Failure } from './failure.ts';
import { createMetrics } from './metrics.ts';
import { callerOf, type PeerCluster, type PeerTrust } from './peer.ts';
import { checkPermission, permissionOf } from './permissions.ts';
import { eventRoutes } from './routes/events.ts';
import type { App, Door } from './routes/door.ts';
import { identityRoutes } from './routes/identity.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { operationRoutes } from './routes/operations.ts';
import { poolRoutes } from './routes/pools.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { systemRoutes } from './routes/system.ts';
import { trashRoutes, volumeRoutes } from './routes/volumes.ts';
import { namedSchemas } from './schema/building.ts';
import { listenPrivately } from './socket.ts';
import { completed } from './single-machine.ts';
import { serveTls, type TlsFiles, type TlsSurface, type TlsSurfaceOptions } from './tls-surface.ts';
import { validatorCompiler } from './validation.ts';

export type { PeerTrust } from './peer.ts';
export type { TlsFiles, TlsSurfaceOptions } from './tls-surface.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** null until it is known who it is. */
    caller: Caller;
    /** The caller as it is told to people. */
    actor: string;
  }
  interface FastifyContextConfig {
    /** Row in the table of permissions. */
    permission?: string;
  }
}

/** Bounds of the server. The defaults are meant for use; tests take smaller ones. */
export interface HttpLimits {
  /** Requests in work at once, over TLS, and as many over the socket, so that nobody elsewhere keeps root out; more are answered 503. Default 512. */
  readonly inWork: number;
  /** Time for the headers of a request to arrive. Default 10 s. */
  readonly headersMs: number;
  /** Time for a whole request to arrive. Default 30 s. */
  readonly requestMs: number;
  /** How long `close` lets requests in work go on. Default 5 s. */
  readonly closeMs: number;
  /** Between two looks for open connections whose certificate has ended. Default 15 s. */
  readonly expiryMs: number;
  /** Time for a TLS handshake. Default 10 s. */
  readonly handshakeMs: number;
  /** Requests in work at once of callers without a certificate, who have a limit of their own. Default 32. */
  readonly strangersInWork: number;
  /** TLS connections at once; those still in their handshake; those that showed no certificate of the cluster. Default 8192, 512, 512. */
  readonly tlsConnections: number;
  readonly handshakes: number;
  readonly strangers: number;
}
const LIMITS: HttpLimits = { inWork: 512, strangersInWork: 32, headersMs: 10_000, requestMs: 30_000, closeMs: 5_000, expiryMs: 15_000, handshakeMs: 10_000, tlsConnections: 8_192, handshakes: 512, strangers: 512 };
/** Connections that the kernel keeps for us while we are busy. */
const BACKLOG = 4096;
const MAX_CONNECTIONS = 16_384;
/** What is still read of a body that is too large, once it is answered. */
const DISCARDED_BYTES = 8 * BODY_LIMIT_BYTES;
const DISCARDED_MS = 2_000;

export interface HttpApiOptions {
  /** What it lacks of a cluster's use cases is refused: a single machine has none. */
  readonly control: Control & Partial<ClusterControl>;
  readonly log: Log;
  /** Name of this node, for the audit log. Default `this node`. */
  readonly node?: string;
  /** Of the daemon. */
  readonly version: string;
  /** Directories of this node below which the role plugin may have volumes mounted. Default: none. */
  readonly pluginPaths?: readonly string[];
  /** Registry to add the API's metrics to, and to answer /metrics from. Default: one of its own. */
  readonly metrics?: Registry;
  readonly limits?: Partial<HttpLimits>;
  /** Told of each request that was refused for who made it. Default: nobody is. */
  readonly onDenied?: (denial: Denial) => void;
}

export interface HttpApi {
  /** @throws conflict when somebody answers on the socket already; see `listenPrivately`. */
  listen(at: { readonly socketPath: string }): Promise<void>;
  /**
   * Serves the same over TLS 1.3 beside the socket, to whoever shows a certificate of this cluster.
   * @returns the port, and how to change the certificates. @throws conflict when the port is taken.
   */
  listenTls(at: TlsSurfaceOptions): Promise<{ readonly port: number; renew(files: TlsFiles): void }>;
  /** Ends streams and waits, lets requests in work finish for a moment, and removes the socket. */
  close(): Promise<void>;
  /** The OpenAPI 3.1 document. */
  openapi(): Promise<object>;
}

export function createHttpApi(options: HttpApiOptions): HttpApi {
  const { log, version, node = 'this node', pluginPaths = [], onDenied = () => undefined } = options;
  const control = completed(options.control);
  const limits = { ...LIMITS, ...options.limits };
  const metrics = createMetrics(control, version, options.metrics);
  const closing = new AbortController();
  const inWork = { local: 0, callers: 0, strangers: 0 };

  const app: App = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: 60_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: Math.min(1000, limits.headersMs) },
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors(error, _request, reply) {
      void send(reply, failureOf(error, undefined, log));
    },
    clientErrorHandler(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
      socket.end(rawAnswer(error.code));
      socket.once('finish', () => socket.destroy());
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = MAX_CONNECTIONS;

  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['text/plain', 'application/json']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    void parseJson(request, text as string, (error, value) => { done(error === null ? null : jsonFault(text as string, error), value); });
  });
  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error, objectOf(request.routeOptions.url, request.params, request.body), log);
    if (isDenial(error)) onDenied({ actor: request.caller === null ? null : request.actor, operation: request.routeOptions.config?.permission ?? 'unknown', ref: textOf(Object.values((request.params ?? {}))[0]) ?? '', reason: error.message });
    if (failure.status === 413) return sendBeforeEnd(request.raw, reply, failure);
    return send(reply, failure);
  });
  app.setNotFoundHandler((request, reply) => send(reply, unknownRoute(request)));

  let secure: { readonly surface: TlsSurface; readonly trust: PeerTrust; readonly cluster: PeerCluster } | undefined;
  /** Root on this machine over the unix socket; over TLS whom the certificate names. */
  const identify = (request: FastifyRequest): void => {
    const { socket } = request.raw;
    const route = request.routeOptions.config?.permission;
    if (!(socket instanceof TLSSocket)) request.caller = { kind: 'local' };
    else if (route !== undefined && permissionOf(route) === 'anyone') request.caller = { kind: 'joining' };
    else if (secure === undefined) throw new HoldfastError('unavailable', 'holdfastd is still starting');
    else request.caller = callerOf(socket, secure.cluster, secure.trust, Date.now());
    request.actor = actorText(request.caller, node);
    if (route !== undefined) checkPermission(route, request.caller);
  };
  app.decorateRequest('caller', null as never);
  app.decorateRequest('actor', '');
  app.addHook('onRequest', async (request) => identify(request));

  // The limit: what cannot be worked on now is refused at once, before its body is read. Liveness always answers.
  app.addHook('onRequest', async (request, reply) => {
    if (closing.signal.aborted) throw new HoldfastError('unavailable', 'holdfastd is ending', { hint: 'Try again when it is back.' });
    if (request.routeOptions.url === '/healthz') return;
    const { kind } = request.caller;
    const [who, limit] = kind === 'joining' ? ['strangers', limits.strangersInWork] as const : [kind === 'local' ? 'local' : 'callers', limits.inWork] as const;
    if (inWork[who] >= limit) {
      metrics.refused();
      throw new HoldfastError('unavailable', `${limit} requests are in work, which is the limit`, { hint: `Try again in ${RETRY_AFTER_SECONDS} second.` });
    }
    inWork[who] += 1;
    metrics.working(1);
    reply.raw.once('close', () => { inWork[who] -= 1; metrics.working(-1); });
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000);
    log.debug({ method: request.method, url: request.url.slice(0, 200), actor: request.actor, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request');
  });

  const signalOf = (reply: FastifyReply): AbortSignal => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort(new HoldfastError('unavailable', 'the caller has gone')));
    return AbortSignal.any([gone.signal, closing.signal]);
  };
  const door = (within: App): Door => ({
    app: within, control, version, pluginPaths, signalOf,
    settle: (request, reply, accepted, status, reread) => settle(control, request, reply, accepted, { status, reread, signal: signalOf(reply) }),
  });

  void app.register(swagger, documentOptions(version));
  void app.register(async (within: App) => {
    const methods = new Map<string, Set<string>>();
    within.addHook('onRoute', (route) => {
      const { url, method } = route;
      if (!OTHER_METHOD.has(route.handler)) {
        const permission = route.schema?.operationId ?? `GET ${url}`;
        permissionOf(permission);
        route.config = { ...route.config, permission };
      }
      // A route that names no query parameters takes none.
      if (route.schema?.operationId !== undefined) route.schema.querystring ??= Type.Object({});
      const known = methods.get(url) ?? new Set();
      for (const one of [method].flat()) known.add(one);
      methods.set(url, known);
    });
    for (const schema of namedSchemas().values()) within.addSchema(schema);
    // Set here: a context that has schemas of its own does not inherit its parent's compilers.
    within.setValidatorCompiler(validatorCompiler);
    within.setSerializerCompiler(() => JSON.stringify);
    const routes = door(within);
    for (const add of [volumeRoutes, trashRoutes, poolRoutes, snapshotRoutes, operationRoutes, eventRoutes, nodeRoutes, identityRoutes, systemRoutes]) add(routes);
    within.get('/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
    within.get('/metrics', { schema: { hide: true } }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    refuseOtherMethods(within, methods);
  });

  let removeSocket: (() => void) | undefined;
  return {
    async listen({ socketPath }) {
      await app.ready();
      removeSocket = await listenPrivately(socketPath, async (path) => { await app.listen({ path, backlog: BACKLOG }); });
      log.info({ socket: socketPath }, 'the API is served');
    },
    async listenTls(at) {
      await app.ready();
      const cluster: PeerCluster = { id: (await control.cluster()).id, root: new X509Certificate(at.ca).fingerprint256.replaceAll(':', '').toLowerCase() };
      const surface = await serveTls(at, { handshakeMs: limits.handshakeMs, headersMs: limits.headersMs, requestMs: limits.requestMs, expiryMs: limits.expiryMs, connections: limits.tlsConnections, handshakes: limits.handshakes, strangers: limits.strangers }, (request, response) => { app.routing(request, response); });
      secure = { surface, trust: at.trust, cluster };
      log.info({ host: at.host, port: surface.port }, 'the API is served over TLS');
      return { port: surface.port, renew: (files) => surface.renew(files) };
    },
    async close() {
      removeSocket?.();
      closing.abort(new HoldfastError('unavailable', 'holdfastd is ending', { hint: 'Try again when it is back.' }));
      const impatience = setTimeout(() => app.server.closeAllConnections(), limits.closeMs);
      await Promise.all([app.close(), secure?.surface.close(limits.closeMs)]);
      clearTimeout(impatience);
    },
    async openapi() {
      await app.ready();
      return app.swagger();
    },
  };
}

/**
 * A caller that still sends its body would lose the answer if the connection ended with it. So the answer goes out, a
 * little more is read and thrown away, for a moment, and only then the connection ends.
 */
function sendBeforeEnd(request: IncomingMessage, reply: FastifyReply, { status, body }: Failure): void {
  const text = JSON.stringify(body);
  let left = DISCARDED_BYTES;
  const end = (): void => { clearTimeout(impatience); reply.raw.end(); };
  const impatience = setTimeout(end, DISCARDED_MS);
  reply.hijack();
  reply.raw.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(text), connection: 'close' });
  reply.raw.write(text);
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  for (const event of ['end', 'close'] as const) request.once(event, end);
  request.resume();
}

const JSON_TYPE = 'application/json; charset=utf-8';

function send(reply: FastifyReply, { status, body }: Failure): FastifyReply {
  if (status === 503 && body.retryable) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  return reply.code(status).type(JSON_TYPE).serializer(JSON.stringify).send(body);
}

const otherMethod = (): void => undefined;
const OTHER_METHOD = new Set<unknown>([otherMethod]);

/** Paths that exist answer other methods with 405 and say which there are, before any body is read. */
function refuseOtherMethods(app: App, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    const allowed = [...known].sort();
    const others = app.supportedMethods.filter((method) => !known.has(method));
    app.route({
      method: others, url, schema: { hide: true },
      onRequest: async (request, reply) => {
        reply.header('allow', allowed.join(', '));
        await send(reply, wrongMethod(request.method, url.replace(/:(\w+)/g, '{$1}'), allowed.filter((method) => method !== 'HEAD')));
      },
      handler: otherMethod,
    });
  }
}

const NOUNS: Record<string, string> = { volumes: 'volume', trash: 'volume', pools: 'pool', snapshots: 'snapshot', nodes: 'node', operations: 'operation', tokens: 'token', certificates: 'certificate', join: 'node' };

/** What a request is about, as far as its path or its `name` tells. */
function objectOf(route: string | undefined, params: unknown, body: unknown): string | undefined {
  const noun = NOUNS[route?.split('/')[2] ?? ''];
  if (noun === undefined) return undefined;
  const ref = textOf(Object.values((params ?? {}))[0]) ?? textOf(typeof body === 'object' && body !== null ? (body as { name?: unknown }).name : undefined);
  return ref === undefined ? undefined : `${noun} ${JSON.stringify(ref.slice(0, 128)).slice(1, -1)}`;
}
/** For who asks, not for what is asked. */
const isDenial = (error: unknown): error is HoldfastError => error instanceof HoldfastError && error.code === 'permission_denied' && (error.detail.object === 'permission' || error.detail.object === 'certificate');
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
