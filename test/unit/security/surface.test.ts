import { readFileSync } from 'node:fs';
import path from 'node:path';
import net from 'node:net';
import tls from 'node:tls';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { audited } from '../../../src/control/audit.ts';
import { PERMISSIONS } from '../../../src/api/http/permissions.ts';
import { createClient } from '../../../src/client/client.ts';
import type { HoldfastError } from '../../../src/model/errors.ts';
import { ROLES, type Role } from '../../../src/model/identity.ts';
import { createClusterPki, openAuthority } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { CLUSTER, createWorld, nodeFiles, NODE, OTHER_CLUSTER, serveWorld, type Credentials, type ServedWorld, type World } from './cluster-of-certificates.ts';

const document = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../docs/reference/openapi.json'), 'utf8')) as { readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>> };
const ROUTES = [
  ...Object.entries(document.paths).flatMap(([where, methods]) => Object.entries(methods).map(([method, { operationId }]) => ({ method: method.toUpperCase(), path: where.replace(/\{\w+\}/g, 'x'), operation: operationId }))),
  { method: 'GET', path: '/v1/openapi.json', operation: 'GET /v1/openapi.json' }, { method: 'GET', path: '/metrics', operation: 'GET /metrics' },
];

let world: World;
let served: ServedWorld;
const calls: string[] = [];
beforeAll(async () => {
  world = await createWorld();
  // Whatever gets through is noted and answered by an error of its own: only who is let in matters here.
  const reached = new Proxy({}, { get: (_, name) => (typeof name === 'string' && /^[a-z]+[A-Z]?[A-Za-z]*$/.test(name) && name !== 'cluster' && name !== 'then' ? async () => { calls.push(name); return {}; } : undefined) });
  served = await serveWorld(world, reached);
});
afterAll(async () => {
  await served.end();
  world.end();
});

interface Answer { readonly status: number; readonly body: { readonly code?: string; readonly message?: string; readonly detail?: { readonly hint?: string } } }
/** One request on a connection of its own; an aborted stream counts with its status. */
function ask(credentials: Partial<Credentials>, method: string, where: string, agent: https.Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port: served.port, path: where, method, agent, rejectUnauthorized: false, ...credentials, headers: { 'content-type': 'application/json', ...(['POST', 'PUT', 'PATCH'].includes(method) ? { 'content-length': 2 } : {}) } }, (answer) => {
      const type = String(answer.headers['content-type']);
      if (type.startsWith('text/event-stream')) { answer.destroy(); return resolve({ status: answer.statusCode ?? 0, body: {} }); }
      let text = '';
      answer.on('data', (chunk: Buffer) => { text += chunk.toString(); });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: type.startsWith('application/json') && text !== '' ? JSON.parse(text) as Answer['body'] : {} }));
    });
    request.on('error', reject);
    request.end(['POST', 'PUT', 'PATCH'].includes(method) ? '{}' : undefined);
  });
}

const BY_HAND: Record<string, readonly string[]> = {
  // Written down a second time, from the rules: the table must not drift by itself.
  anyone: ['getHealth', 'joinNode', 'joinClient'],
  all: ['getVersion', 'getCluster', 'renewCertificate', 'GET /v1/openapi.json', 'GET /metrics'],
  admin: ['wipePool', 'removeNode', 'createToken', 'listTokens', 'removeToken', 'listCertificates', 'signClient', 'revokeCertificate', 'listAudit'],
  plugin: ['listVolumes', 'getVolume', 'explainVolume', 'listSnapshots', 'getSnapshot', 'listPools', 'getPool', 'listOperations', 'getOperation', 'listNodes', 'getNode', 'getNodeHoldings',
    'createVolume', 'ensureVolume', 'publishVolume', 'unpublishVolume', 'attachVolume', 'detachVolume', 'removeVolume', 'createSnapshot', 'removeSnapshot'],
};
/** The rules in words: who may. */
function may(role: Role | 'node', { method, operation }: { readonly method: string; readonly operation: string }): boolean {
  const listed = (name: string): boolean => BY_HAND[name]?.includes(operation) === true;
  if (listed('anyone') || listed('all') || role === 'admin') return true;
  if (listed('admin')) return false;
  if (role === 'operator') return true;
  if (role === 'plugin') return listed('plugin');
  return method === 'GET';
}

describe('every route, for every role', () => {
  test('the table has a row for each route, and none besides', () => {
    expect(Object.keys(PERMISSIONS).sort()).toEqual([...new Set(ROUTES.map(({ operation }) => operation))].sort());
  });

  test.each([...ROLES, 'node' as const])('%s is let through where the rules say so, and nowhere else', async (role) => {
    const credentials = role === 'node' ? nodeFiles(world.pki) : await world.client(role);
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...credentials, rejectUnauthorized: false });
    const wrong: string[] = [];
    for (const route of ROUTES) {
      const { status, body } = await ask({}, route.method, route.path, agent);
      const denied = status === 403 && / does not allow /.test(body.message ?? '');
      if (denied === may(role, route)) wrong.push(`${role} ${route.operation}: ${status} ${body.message ?? ''}`);
    }
    agent.destroy();
    expect(wrong).toEqual([]);
  }, 60_000);

  test('who may remove volumes but not purge the trash cannot purge by removing', async () => {
    const [plugin, operator] = await Promise.all([world.client('plugin', 'swarm'), world.client('operator', 'olga')]);
    calls.length = 0;
    const as = (credentials: Credentials) => createClient({ endpoint: served.endpoint, tls: credentials, attempts: 1 });
    await expect(as(plugin).volumes.remove('x', { purge: true })).rejects.toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/does not allow purgeTrash/) });
    expect(calls).toEqual([]);
    await as(plugin).volumes.remove('x', {}).catch(() => undefined);
    await as(operator).volumes.remove('x', { purge: true }).catch(() => undefined);
    expect(calls.filter((name) => name === 'removeVolume')).toHaveLength(2);
  });

  test('who may make volumes but not restore the trash cannot restore by making', async () => {
    const as = (credentials: Credentials) => createClient({ endpoint: served.endpoint, tls: credentials, attempts: 1 });
    const [plugin, operator] = [as(await world.client('plugin', 'maker')), as(await world.client('operator', 'omar'))];
    calls.length = 0;
    const wish = { name: 'db', size_bytes: 1_073_741_824, if_trashed: 'restore' } as const;
    await expect(plugin.volumes.create(wish)).rejects.toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/does not allow restoreTrash/) });
    await expect(plugin.volumes.ensure('db', { size_bytes: wish.size_bytes, if_trashed: wish.if_trashed })).rejects.toMatchObject({ code: 'permission_denied' });
    expect(calls).toEqual([]);
    await operator.volumes.create(wish).catch(() => undefined);
    await plugin.volumes.create({ ...wish, if_trashed: 'new' }).catch(() => undefined);
    expect(calls.filter((name) => name === 'createVolume')).toHaveLength(2);
  });

  test('the role plugin has volumes mounted below the places only that the node gives to it', async () => {
    const asked: unknown[] = [];
    const placed = await serveWorld(world, { publishVolume: async (_ref: string, request: unknown) => { asked.push(request); return {}; } }, {}, { pluginPaths: ['/srv/apps'] });
    try {
      for (const role of ['plugin', 'operator'] as const) {
        const client = createClient({ endpoint: placed.endpoint, tls: await world.client(role, `${role}-mounts`), attempts: 1 });
        await client.volumes.publish('db', { consumer: 'path:/root/.ssh', path: '/root/.ssh' }).catch(() => undefined);
      }
      expect(asked).toEqual([{ consumer: 'path:/root/.ssh', path: '/root/.ssh', within: ['/srv/apps'] }, { consumer: 'path:/root/.ssh', path: '/root/.ssh' }]);
      const sly = createClient({ endpoint: placed.endpoint, tls: await world.client('plugin', 'sly'), attempts: 1 });
      await expect(sly.volumes.publish('db', { consumer: 'x', path: '/root/.ssh', within: ['/root'] } as never)).rejects.toMatchObject({ code: 'invalid_argument' });
    } finally {
      await placed.end();
    }
  });

  test('who shows no certificate, or one that is not good, reaches nothing but joining and liveness', async () => {
    const good = await world.client('admin', 'good');
    const revoked = await world.client('admin', 'lost');
    await world.identity.revokeCertificate(revoked.serial);
    const past = Date.now() - 400 * 86_400_000;
    const old = await openAuthority(world.pki, () => past);
    const keys = await makeKeyAndRequest('old');
    const sign = async (authority: typeof old, cluster: string): Promise<string> => (await authority.sign(keys.csr, { cluster, kind: 'client', role: 'admin', name: 'old' }, { hosts: [], ttl_ms: 86_400_000 })).chain;
    const foreignPki = path.join(world.dir, 'foreign');
    await createClusterPki(foreignPki, { cluster_id: CLUSTER, cluster_name: 'prod', node_id: NODE, node_name: 'n1', address: '127.0.0.1:7480' });
    const cases: readonly (readonly [string, Partial<Credentials>, RegExp])[] = [
      ['no certificate', {}, /none was shown/],
      ['a foreign authority', { key: keys.key, cert: await sign(await openAuthority(foreignPki), CLUSTER) }, /not signed by this cluster/],
      ['expired', { key: keys.key, cert: await sign(old, CLUSTER) }, /has expired at/],
      ['revoked', revoked, /was revoked/],
      ['the URI of another cluster', { key: keys.key, cert: await sign(world.authority, OTHER_CLUSTER) }, /of another cluster/],
      ['a certificate of the control store', { key: nodeStore(world.pki).key, cert: nodeStore(world.pki).cert }, /not signed by this cluster/],
    ];
    calls.length = 0;
    for (const [what, credentials, words] of cases) {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...credentials, rejectUnauthorized: false });
      for (const { method, path: where, operation } of ROUTES) {
        if (PERMISSIONS[operation] === 'anyone') continue;
        const { status, body } = await ask({}, method, where, agent);
        expect({ what, operation, status, code: body.code, told: words.test(body.message ?? ''), hinted: (body.detail?.hint ?? '') !== '' }).toEqual({ what, operation, status: 403, code: 'permission_denied', told: true, hinted: true });
      }
      expect((await ask(credentials, 'GET', '/healthz', agent)).status).toBe(200);
      expect((await ask(credentials, 'GET', '/v1/nowhere', agent)).status).toBe(403);
      agent.destroy();
    }
    expect(calls).toEqual([]);
    expect((await ask(good, 'GET', '/v1/nowhere')).status).toBe(404);
  }, 60_000);
});

const nodeStore = (pki: string): { readonly cert: string; readonly key: string } => ({ cert: readFileSync(path.join(pki, 'store.crt'), 'utf8'), key: readFileSync(path.join(pki, 'store.key'), 'utf8') });

describe('the client over TLS', () => {
  const client = (credentials: Partial<Credentials>, endpoint = served.endpoint) => createClient({ endpoint, tls: credentials, attempts: 1 });
  const errorOf = async (work: Promise<unknown>): Promise<HoldfastError> => work.then(() => { throw new Error('it went well'); }, (error: unknown) => error as HoldfastError);

  test('says what is wrong with the server, and sends nothing to it', async () => {
    const admin = await world.client('admin', 'alice');
    expect(await errorOf(client({ cert: admin.cert, key: admin.key }).cluster())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/authority that is not the one given as CA/) });
    expect(await errorOf(client(admin, `https://127.0.0.2:${served.port}`).cluster())).toMatchObject({ code: expect.stringMatching(/unavailable|permission_denied/) });
    const moved = await makeKeyAndRequest('n1');
    const authority = world.authority;
    const files = nodeFiles(world.pki);
    served.renew({ ...files, key: moved.key, cert: (await authority.sign(moved.csr, { cluster: CLUSTER, kind: 'node', node: NODE, name: 'n1' }, { hosts: ['elsewhere'], ttl_ms: 3_600_000 })).chain });
    expect(await errorOf(client(admin).cluster())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/is not a name of the node that answers there: .*DNS:elsewhere/) });
    const past = Date.now() - 400 * 86_400_000;
    served.renew({ ...files, key: moved.key, cert: (await (await openAuthority(world.pki, () => past)).sign(moved.csr, { cluster: CLUSTER, kind: 'node', node: NODE, name: 'n1' }, { hosts: ['127.0.0.1'], ttl_ms: 3_600_000 })).chain });
    expect(await errorOf(client(admin).cluster())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/has expired/) });
    served.renew(files);
    expect(await client(admin).cluster()).toMatchObject({ id: CLUSTER });
  });

  test('says what is wrong with its own certificate', async () => {
    const { ca, ...admin } = await world.client('admin', 'bob');
    const other = await world.client('admin', 'carol');
    expect(await errorOf(client({ ca }).cluster())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/none was shown/) });
    expect(await errorOf(client({ ca, cert: admin.cert }).cluster())).toMatchObject({ code: 'invalid_argument', detail: { field: 'key' } });
    expect(await errorOf(client({ ca, cert: admin.cert, key: other.key }).cluster())).toMatchObject({ code: 'invalid_argument', message: 'the certificate and the key do not belong together' });
    expect(await errorOf(client({ ca, cert: '/nowhere/x.crt', key: admin.key }).cluster())).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/cannot be read from \/nowhere\/x.crt: ENOENT/) });
    await world.identity.revokeCertificate(admin.serial);
    expect(await errorOf(client({ ca, ...admin }).cluster())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/was revoked/) });
  });

  test('goes on to the next of several endpoints', async () => {
    const admin = await world.client('admin', 'dora');
    const free = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as net.AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const many = client(admin, `https://127.0.0.1:${port}, ${served.endpoint}`);
    expect(await many.cluster()).toMatchObject({ id: CLUSTER });
    expect(await errorOf(client(admin, `https://127.0.0.1:${port},https://127.0.0.1:${port}`).cluster())).toMatchObject({ code: 'unavailable' });
  });
});

describe('connections', () => {
  test('of a revoked certificate are cut at once', async () => {
    const admin = await world.client('admin', 'eve');
    const socket = tls.connect({ host: '127.0.0.1', port: served.port, ...admin, ALPNProtocols: ['http/1.1'] });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write('GET /v1/cluster HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toMatch(/^HTTP\/1.1 200/);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await world.identity.revokeCertificate(admin.serial);
    await closed;
  });

  test('that stream end with the certificate that opened them', async () => {
    const watching = await serveWorld(world, { async *watchEvents(signal: AbortSignal) { await new Promise((resolve) => signal.addEventListener('abort', resolve)); } }, { expiryMs: 50 });
    try {
      const { key, cert } = await world.client('read-only', 'brief', 3_600_000);
      const told = await new Promise<{ readonly status: number | undefined; readonly end: Promise<unknown> }>((resolve, reject) => {
        https.get({ host: '127.0.0.1', port: watching.port, path: '/v1/events/watch', agent: false, rejectUnauthorized: false, key, cert }, (answer) => {
          answer.on('error', () => undefined);
          answer.resume();
          resolve({ status: answer.statusCode, end: new Promise((done) => { answer.once('close', done); }) });
        }).on('error', reject);
      });
      expect(told.status).toBe(200);
      const now = Date.now();
      jest.spyOn(Date, 'now').mockReturnValue(now + 3_600_000);
      await told.end;
    } finally {
      jest.restoreAllMocks();
      await watching.end();
    }
  });

  test('go on when the certificate of the server is renewed, and new ones see the new one', async () => {
    const admin = await world.client('admin', 'fay');
    const connect = async (): Promise<tls.TLSSocket> => {
      const socket = tls.connect({ host: '127.0.0.1', port: served.port, ...admin, ALPNProtocols: ['http/1.1'] });
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      return socket;
    };
    const before = await connect();
    const { key, csr } = await makeKeyAndRequest('n1');
    const renewed = await world.identity.renewCertificate({ csr }, { kind: 'node', node: NODE, name: 'n1', serial: 'aa' });
    served.renew({ ca: renewed.ca, cert: renewed.certificate, key });
    const after = await connect();
    expect(after.getPeerCertificate().serialNumber).not.toBe(before.getPeerCertificate().serialNumber);
    before.write('GET /v1/cluster HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String(await new Promise((resolve) => before.once('data', resolve)))).toMatch(/^HTTP\/1.1 200/);
    before.destroy();
    after.destroy();
    served.renew(nodeFiles(world.pki));
  });

  test('speak nothing below TLS 1.3', async () => {
    const socket = tls.connect({ host: '127.0.0.1', port: served.port, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toMatch(/protocol version/i);
  });

  test('are not resumed: each shows its certificate anew', async () => {
    const admin = await world.client('admin', 'gil');
    const sessions: Buffer[] = [];
    const first = tls.connect({ host: '127.0.0.1', port: served.port, ...admin, ALPNProtocols: ['http/1.1'] });
    first.on('session', (session) => sessions.push(session));
    first.resume();
    await new Promise((resolve) => first.once('secureConnect', resolve));
    first.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await new Promise((resolve) => first.once('close', resolve));
    const again = tls.connect({ host: '127.0.0.1', port: served.port, ...admin, ALPNProtocols: ['http/1.1'], ...(sessions[0] === undefined ? {} : { session: sessions[0] }) });
    await new Promise((resolve) => again.once('secureConnect', resolve));
    expect(again.isSessionReused()).toBe(false);
    again.destroy();
  });
});

describe('strangers on the port', () => {
  test('who never finish their handshake, send rubbish or come in crowds do not keep others out', async () => {
    const few = await serveWorld(world, {}, { handshakeMs: 300, handshakes: 20, headersMs: 500, requestMs: 1_000 });
    try {
      const admin = await world.client('admin', 'hal');
      const silent = Array.from({ length: 60 }, () => net.connect(few.port, '127.0.0.1'));
      const ends = silent.map((socket) => new Promise<void>((resolve) => { socket.on('error', () => undefined); socket.once('close', () => resolve()); socket.resume(); }));
      for (const [at, socket] of silent.entries()) socket.once('connect', () => { if (at % 3 === 0) socket.write('GET / HTTP/1.1\r\n\r\n'); else if (at % 3 === 1) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])); });
      // All of them are ended by the server: refused at the door, for rubbish, or when their time is over.
      await Promise.all(ends);
      // A certificate makes nobody slower to be cut off than a socket would.
      const slow = tls.connect({ host: '127.0.0.1', port: few.port, ...admin, ALPNProtocols: ['http/1.1'] });
      slow.on('error', () => undefined);
      const over = new Promise((resolve) => slow.once('close', resolve));
      slow.once('secureConnect', () => slow.write('GET /v1/cluster HT'));
      slow.resume();
      await over;
      expect(await createClient({ endpoint: few.endpoint, tls: admin }).cluster()).toMatchObject({ id: CLUSTER });
    } finally {
      await few.end();
    }
  }, 30_000);

  test('who send the bodies of their joins slowly, or only hold connections, leave room for those with a certificate', async () => {
    const few = await serveWorld(world, {}, { inWork: 4, strangersInWork: 4, strangers: 12 });
    const sockets: tls.TLSSocket[] = [];
    try {
      const admin = await world.client('admin', 'ida');
      const connected = await Promise.all(Array.from({ length: 12 }, () => new Promise<tls.TLSSocket>((resolve, reject) => {
        const socket = tls.connect({ host: '127.0.0.1', port: few.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => resolve(socket));
        sockets.push(socket);
        socket.once('error', reject);
      })));
      const answers = connected.slice(0, 8).map((socket) => new Promise<string>((resolve) => { socket.once('data', (data) => resolve(String(data))); }));
      for (const socket of connected.slice(0, 8)) socket.write('POST /v1/join HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{');
      // Four are waited for; the others are told at once that it is enough.
      for (let told = 0; told < 4; told += 1) expect(await Promise.race(answers.map((answer, at) => answer.then((text) => { answers[at] = new Promise(() => undefined); return text; })))).toMatch(/^HTTP\/1.1 503 /);
      const more = tls.connect({ host: '127.0.0.1', port: few.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
      sockets.push(more);
      more.on('error', () => undefined);
      more.resume();
      await new Promise((resolve) => more.once('close', resolve));
      expect(await createClient({ endpoint: few.endpoint, tls: admin, attempts: 1 }).cluster()).toMatchObject({ id: CLUSTER });
    } finally {
      for (const socket of sockets) socket.destroy();
      await few.end();
    }
  }, 30_000);

  test('who guess tokens cost no signature, learn nothing of the cluster, and leave few lines in the log', async () => {
    const guess = `hft1.01JD9Z3QK7W5T8X2M4N6P0R1SA.${'x'.repeat(43)}.${world.authority.caSha256}`;
    const signer = jest.spyOn(world.authority, 'keyOf');
    const before = world.logged.length;
    const away = world.node({ authority: null });
    const watched = audited({ joinClient: away.joinClient.bind(away) }, world.seams, 'holdfastd on n1');
    for (let at = 0; at < 200; at += 1) await expect(watched.joinClient({ token: guess, name: `guess-${at}`, csr: 'none' })).rejects.toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/is not known/) });
    await expect(world.identity.joinClient({ token: guess, name: 'guess', csr: 'none' })).rejects.toMatchObject({ message: expect.stringMatching(/is not known/) });
    expect(signer).not.toHaveBeenCalled();
    const lines = world.logged.slice(before).filter(({ message }) => message === 'a join was refused');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(40);
  });
});
