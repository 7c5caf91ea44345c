import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '../../../src/client/client.ts';
import { CLUSTER, createWorld, serveWorld, type Credentials, type ServedWorld, type World } from './cluster-of-certificates.ts';

let world: World;
let served: ServedWorld;
let plugin: Credentials;
const calls: string[] = [];
beforeAll(async () => {
  world = await createWorld();
  served = await serveWorld(world, new Proxy({}, { get: (_, name) => (typeof name === 'string' && name !== 'then' && name !== 'cluster' ? async () => { calls.push(name); return {}; } : undefined) }));
  plugin = await world.client('plugin', 'sly');
});
afterAll(async () => {
  await served.end();
  world.end();
});

/** Bytes as they are, on a connection of their own. @returns the statuses of all that was answered. */
const say = (credentials: Partial<Credentials>, bytes: string): Promise<readonly number[]> => new Promise((resolve, reject) => {
  const socket = tls.connect({ host: '127.0.0.1', port: served.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...credentials }, () => socket.write(bytes));
  let text = '';
  socket.on('data', (data) => { text += data.toString(); });
  socket.once('error', reject);
  socket.once('close', () => resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))));
});
const ask = (method: string, where: string, headers = ''): string => `${method} ${where} HTTP/1.1\r\nhost: x\r\n${headers}connection: close\r\n\r\n`;

describe('the table of permissions is not passed by', () => {
  test.each([
    ['GET', '/v1/audit', 403], ['HEAD', '/v1/audit', 403], ['GET', '/v1/%61udit', 403], ['GET', '/v1/audit?limit=1', 403], ['GET', '/v1/audit;x', 404], ['GET', '//v1/audit', 404], ['GET', '/v1//audit', 404], ['GET', '/v1/audit/', 404],
    ['GET', '/v1/volumes/../audit', 404], ['GET', '/v1/volumes/%2e%2e/audit', 404], ['GET', '/V1/AUDIT', 404], ['GET', 'https://x/v1/audit', 403], ['OPTIONS', '/v1/audit', 405], ['OPTIONS', '*', 404], ['TRACE', '/v1/audit', 405], ['PROPFIND', '/v1/audit', 404],
    ['DELETE', '/v1/nodes/n1', 403], ['DELETE', '/v1/nodes/%6e1', 403],
  ] as const)('%s %s', async (method, where, status) => {
    calls.length = 0;
    expect(await say(plugin, ask(method, where))).toEqual([status]);
    // A stranger is told nothing of what is there.
    expect(await say({}, ask(method, where))).toEqual([403]);
    expect(calls).toEqual([]);
  });

  test('by saying another method or identity in a header', async () => {
    calls.length = 0;
    for (const header of ['x-http-method-override: DELETE', 'x-original-url: /v1/audit', 'x-rewrite-url: /v1/audit', 'x-forwarded-for: 127.0.0.1', 'x-ssl-client-cert: admin', 'authorization: Basic YWRtaW46YWRtaW4=']) {
      expect(await say(plugin, ask('GET', '/v1/audit', `${header}\r\n`))).toEqual([403]);
      expect(await say(plugin, ask('GET', '/v1/cluster', `${header}\r\n`))).toEqual([200]);
    }
    expect(calls).toEqual([]);
  });

  test('by hiding a request in the body of another', async () => {
    calls.length = 0;
    const hidden = 'DELETE /v1/nodes/n1 HTTP/1.1\r\nhost: x\r\n\r\n';
    const both = `POST /v1/volumes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${hidden.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`;
    const twice = `POST /v1/volumes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`;
    for (const bytes of [both, twice]) expect(await say(plugin, bytes)).toEqual([400]);
    expect(calls).toEqual([]);
  });
});

test('crowds over TLS do not keep root out of the socket', async () => {
  const admin = await world.client('admin', 'amy');
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => { release = resolve; });
  let waiting = 0;
  let arrived = (): void => undefined;
  const all = new Promise<void>((resolve) => { arrived = resolve; });
  const crowded = await serveWorld(world, { status: async () => { waiting += 1; if (waiting === 2) arrived(); await held; return {}; } }, { inWork: 2 });
  try {
    const socketPath = path.join(world.dir, 's');
    await crowded.api.listen({ socketPath });
    const over = createClient({ endpoint: crowded.endpoint, tls: admin, attempts: 1 });
    const asked = [over.status(), over.status()].map((one) => one.catch(() => undefined));
    await all;
    await expect(over.cluster()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await createClient({ endpoint: `unix://${socketPath}`, attempts: 1 }).cluster()).toMatchObject({ id: CLUSTER });
    release();
    await Promise.all(asked);
  } finally {
    release();
    await crowded.end();
  }
});
