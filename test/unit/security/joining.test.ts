import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import { mkdirSync } from 'node:fs';
import type { JoinRequest } from '../../../src/control/cluster-control.ts';
import type { StoreMember, StoreMembers } from '../../../src/control/ports/store-members.ts';
import type { AuditEntry, JoinToken } from '../../../src/model/identity.ts';
import type { HoldfastError } from '../../../src/model/errors.ts';
import type { Node } from '../../../src/model/node.ts';
import { joinClient, joinNode, type JoinFacts } from '../../../src/security/join-client.ts';
import { createClusterPki, keyFits, loadPki, openAuthority } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { createTokenCodec, parseToken } from '../../../src/security/token.ts';
import { CLUSTER, createWorld, NODE, serveWorld, type World } from './cluster-of-certificates.ts';

let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.end());

const errorOf = async (work: Promise<unknown>): Promise<HoldfastError> => work.then(() => { throw new Error('it went well'); }, (error: unknown) => error as HoldfastError);
const tokenFor = async (request: Parameters<World['identity']['createToken']>[0] = { grants: 'node' }): Promise<string> => (await world.identity.createToken(request, { actor: 'alice (admin)' })).token;

async function requestOf(token: string, more: Partial<JoinRequest> = {}): Promise<JoinRequest> {
  const name = more.name ?? 'n2';
  const csr = async (): Promise<string> => (await makeKeyAndRequest(name)).csr;
  const control = more.roles?.includes('control') === true;
  return {
    token, name, roles: ['storage'], zone: 'rack-1', labels: { disk: 'ssd' }, address: '127.0.0.1:7481', machine_id: 'machine-2', daemon_version: '0.1.0', now_ms: world.clock.now(),
    csr: await csr(), store_csr: await csr(), ...(control ? { issuer_csr: await csr(), store_issuer_csr: await csr() } : {}), ...more,
  };
}
const nodeRecord = async (id: string): Promise<Node | undefined> => (await world.store.get<Node>(`/nodes/${id}`))?.value;

describe('a join token', () => {
  test('lets one machine join: its record, its certificates, and what it needs to know', async () => {
    const request = await requestOf(await tokenFor());
    const answer = await world.identity.joinNode(request);
    expect(answer).toMatchObject({ cluster_id: CLUSTER, cluster_name: 'prod', issuer: null, store_issuer: null, store: { endpoints: ['https://127.0.0.1:2379'], member: null }, addresses: ['127.0.0.1:7480'] });
    expect(await nodeRecord(answer.node_id)).toMatchObject({ name: 'n2', labels: { disk: 'ssd' }, spec: { roles: ['storage'], zone: 'rack-1', address: '127.0.0.1:7481' }, status: { state: 'joining', capabilities: { machine_id: 'machine-2' } } });
    const certificate = new X509Certificate(answer.certificate);
    expect(certificate.subjectAltName).toContain(`URI:holdfast://${CLUSTER}/node/${answer.node_id}/n2`);
    expect(certificate.checkIP('127.0.0.1')).toBeDefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(new X509Certificate(answer.store_certificate).verify(new X509Certificate(answer.store_ca).publicKey)).toBe(true);
    expect(new X509Certificate(answer.store_certificate).verify(new X509Certificate(answer.ca).publicKey)).toBe(false);
  });

  test('keeps nothing of its secret', async () => {
    const token = await tokenFor();
    const { entries } = await world.store.list('/');
    const kept = JSON.stringify(entries);
    expect(kept).toContain(parseToken(token).id);
    expect(kept).not.toContain(parseToken(token).secret);
  });

  test('gives the same keys the same answer again, and other keys none', async () => {
    const token = await tokenFor();
    const request = await requestOf(token);
    const answer = await world.identity.joinNode(request);
    expect(await world.identity.joinNode(request)).toEqual(answer);
    expect(await errorOf(world.identity.joinNode(await requestOf(token)))).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/was used already, at .* for node n2/) });
    expect((await world.identity.listTokens()).items[0]).toMatchObject({ used_at: expect.any(String), created_by: 'alice (admin)' });
    world.clock.ms += 3_600_001;
    expect(await errorOf(world.identity.joinNode({ ...request, now_ms: world.clock.now() }))).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/has expired at .*; it is .* here/) });
  });

  test('redeemed by many at once lets one of them in', async () => {
    const token = await tokenFor();
    const requests = await Promise.all(Array.from({ length: 6 }, (_, at) => requestOf(token, { name: `n${at + 2}` })));
    const ends = await Promise.allSettled(requests.map((request) => world.identity.joinNode(request)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'permission_denied' });
    expect((await world.store.list<Node>('/nodes/')).entries).toHaveLength(2);
  });

  test('of which the answer was lost in the middle is redeemed in full by the same keys', async () => {
    const token = await tokenFor();
    const request = await requestOf(token);
    const txn = world.store.txn.bind(world.store);
    let writes = 0;
    // The claim is written, then the store is away.
    world.store.txn = async (...args) => { writes += 1; if (writes > 1) throw new Error('away'); return txn(...args); };
    await errorOf(world.identity.joinNode(request));
    world.store.txn = txn;
    expect((await world.store.list<Node>('/nodes/')).entries).toHaveLength(1);
    const answer = await world.identity.joinNode(request);
    expect(await nodeRecord(answer.node_id)).toMatchObject({ name: 'n2' });
  });

  test('that is wrong, unknown, of another cluster, withdrawn or for something else is refused, each in its own words', async () => {
    const token = await tokenFor();
    const other = createTokenCodec('0'.repeat(64)).mint('tok_01JD9Z3QK7W5T8X2M4N6P0R1SA').token;
    const forged = token.replace(/\.[A-Za-z0-9_-]{43}\./, `.${'A'.repeat(43)}.`);
    const words = async (text: string, more: Partial<JoinRequest> = {}): Promise<string> => {
      const error = await errorOf(world.identity.joinNode(await requestOf(text, more)));
      expect(JSON.stringify(error.toBody())).not.toContain(text.split('.')[2] ?? text);
      return `${error.code}: ${error.message}`;
    };
    expect(await words('hft1.nonsense')).toMatch(/^invalid_argument: token: this is not a join token/);
    expect(await words(forged)).toBe('permission_denied: the join token is not known: it is wrong, or was withdrawn');
    expect(await words(other)).toBe('permission_denied: the join token is of another cluster');
    expect(await words(await tokenFor({ grants: 'operator' }))).toMatch(/gives a client certificate \(operator\); no node can join with it/);
    expect(await words(await tokenFor({ grants: 'node', name: 'n7' }))).toMatch(/is for the name n7, not for n2/);
    expect(await words(await tokenFor(), { roles: ['control', 'storage'] })).toMatch(/does not allow the role control; it allows storage/);
    await world.identity.removeToken(parseToken(token).id);
    expect(await words(token)).toMatch(/was withdrawn/);
    expect((await world.store.list<Node>('/nodes/')).entries).toHaveLength(1);
  });

  test('does not help where the clocks differ by more than five minutes; both times are told', async () => {
    const token = await tokenFor();
    const off = await errorOf(world.identity.joinNode(await requestOf(token, { now_ms: world.clock.now() - 3_600_000 })));
    expect(off.code).toBe('failed_precondition');
    expect(off.message).toContain(new Date(world.clock.now() - 3_600_000).toISOString());
    expect(off.message).toContain(new Date(world.clock.now()).toISOString());
    await world.identity.joinNode(await requestOf(token, { now_ms: world.clock.now() + 299_000 }));
  });
});

describe('a name that is taken', () => {
  test('by a node that lives is refused; by a dead one, naming the token that replaces it', async () => {
    const first = await world.identity.joinNode(await requestOf(await tokenFor()));
    const again = async (): Promise<HoldfastError> => errorOf(world.identity.joinNode(await requestOf(await tokenFor())));
    world.alive.add(first.node_id);
    expect(await again()).toMatchObject({ code: 'conflict', message: expect.stringMatching(/there is a node n2 already .* and it lives/) });
    world.alive.delete(first.node_id);
    expect(await again()).toMatchObject({ code: 'conflict', detail: { hint: expect.stringContaining('--replaces n2') } });
  });

  test('is had with a token that replaces: the node keeps its id, and what it had is worth nothing any more', async () => {
    const first = await world.identity.joinNode(await requestOf(await tokenFor()));
    world.alive.add(first.node_id);
    expect(await errorOf(tokenFor({ grants: 'node', replaces: 'n2' }))).toMatchObject({ code: 'conflict' });
    world.alive.delete(first.node_id);
    const second = await world.identity.joinNode(await requestOf(await tokenFor({ grants: 'node', replaces: 'n2' }), { machine_id: 'machine-9', address: '127.0.0.1:7489' }));
    expect(second.node_id).toBe(first.node_id);
    expect(await nodeRecord(first.node_id)).toMatchObject({ spec: { address: '127.0.0.1:7489' }, status: { state: 'joining', capabilities: { machine_id: 'machine-9' } } });
    const certificates = (await world.identity.listCertificates({ name: 'n2' })).items;
    const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();
    expect(certificates.filter(({ revoked_at }) => revoked_at !== null).map(({ serial }) => serial)).toEqual([serialOf(first.certificate)]);
    expect([world.identity.isRevoked(serialOf(first.certificate)), world.identity.isRevoked(serialOf(second.certificate))]).toEqual([true, false]);
  });

  test('is had once by a request that comes again before it is answered: what one run gave out the other takes not back', async () => {
    const first = await world.identity.joinNode(await requestOf(await tokenFor()));
    const request = await requestOf(await tokenFor({ grants: 'node', replaces: 'n2' }));
    const list = world.store.list.bind(world.store);
    let ahead: unknown = null;
    // The one that came second is through while the first one looks which certificates there are.
    world.store.list = (async (prefix, options) => {
      if (prefix === '/certificates/' && ahead === null) {
        ahead = undefined;
        ahead = await world.identity.joinNode(request);
      }
      return list(prefix, options);
    });
    const answer = await world.identity.joinNode(request);
    expect(answer).toEqual(ahead);
    const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();
    expect([world.identity.isRevoked(serialOf(first.certificate)), world.identity.isRevoked(serialOf(answer.certificate))]).toEqual([true, false]);
    const { items } = await world.identity.listCertificates({ name: 'n2' });
    expect(items.filter(({ revoked_at }) => revoked_at === null).map(({ serial }) => serial)).toEqual([serialOf(answer.certificate)]);
  });
});

describe('a node with the role control', () => {
  const members = (list: StoreMember[], calls: string[]): StoreMembers => ({
    list: async () => list,
    addLearner: async (name, url) => { calls.push(`add ${name} ${url}`); return { initial_cluster: `n1=https://127.0.0.1:2380,${name}=${url}` }; },
    promote: async () => true,
    remove: async (id) => { calls.push(`remove ${id}`); },
  });

  test('becomes a learner of the store and an authority whose certificates all nodes take', async () => {
    world.end();
    const calls: string[] = [];
    world = await createWorld({ members: members([], calls) });
    const issuerKeys = await makeKeyAndRequest('n2');
    const answer = await world.identity.joinNode({ ...await requestOf(await tokenFor({ grants: 'node', node_roles: ['control', 'storage'] }), { roles: ['control', 'storage'] }), issuer_csr: issuerKeys.csr });
    expect(calls).toEqual(['add n2 https://127.0.0.1:2380']);
    expect(answer.store.member).toEqual({ name: 'n2', initial_cluster: 'n1=https://127.0.0.1:2380,n2=https://127.0.0.1:2380', peer_url: 'https://127.0.0.1:2380', client_url: 'https://127.0.0.1:2379' });
    // Its own directory as converge would write it.
    const dir = path.join(world.dir, 'n2');
    mkdirSync(dir, { mode: 0o700 });
    const { savePki } = await import('../../../src/security/pki.ts');
    const store = await loadPki(world.pki);
    await savePki(dir, { issuer: answer.issuer ?? '', issuerKey: issuerKeys.key, storeIssuer: store.storeIssuer ?? '', storeIssuerKey: store.storeIssuerKey ?? '' });
    const second = world.node({ authority: await openAuthority(dir), id: answer.node_id, name: 'n2' });
    await second.begin();
    const served = await serveWorld(world);
    try {
      const { createClient } = await import('../../../src/client/client.ts');
      const { key, csr } = await makeKeyAndRequest('zoe');
      const signed = await second.signClient({ role: 'admin', name: 'zoe', csr });
      const client = createClient({ endpoint: served.endpoint, tls: { ca: signed.ca, cert: signed.certificate, key }, attempts: 1 });
      expect(await client.cluster()).toMatchObject({ id: CLUSTER });
      // The node leaves. What the cluster recorded goes on; what its key signs from now on by itself opens nothing.
      await world.identity.revokeNode(answer.node_id, 'removed');
      client.close();
      expect(await createClient({ endpoint: served.endpoint, tls: { ca: signed.ca, cert: signed.certificate, key }, attempts: 1 }).cluster()).toMatchObject({ id: CLUSTER });
      const rogue = await (await openAuthority(dir)).sign(csr, { cluster: CLUSTER, kind: 'client', role: 'admin', name: 'mallory' }, { hosts: [], ttl_ms: 3_600_000 });
      expect(await errorOf(createClient({ endpoint: served.endpoint, tls: { ca: signed.ca, cert: rogue.chain, key }, attempts: 1 }).cluster())).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/was revoked/) });
    } finally {
      await served.end();
    }
  });

  test('that replaces one has the old member removed once, even at the same address', async () => {
    world.end();
    const calls: string[] = [];
    const old: StoreMember[] = [];
    world = await createWorld({ members: members(old, calls) });
    await world.identity.joinNode(await requestOf(await tokenFor({ grants: 'node', node_roles: ['control'] }), { roles: ['control'] }));
    old.push({ id: 'aa', name: 'n2', peer_urls: ['https://127.0.0.1:2380'], client_urls: [], learner: false, healthy: false });
    calls.length = 0;
    const request = await requestOf(await tokenFor({ grants: 'node', replaces: 'n2' }), { roles: ['control'] });
    await world.identity.joinNode(request);
    await world.identity.joinNode(request);
    expect(calls).toEqual(['remove aa', 'add n2 https://127.0.0.1:2380']);
  });

  test('that replaces one, and whose request comes again before it is answered, keeps its new member', async () => {
    world.end();
    const known: StoreMember[] = [];
    const member = (id: string, name: string): StoreMember => ({ id, name, peer_urls: ['https://127.0.0.1:2380'], client_urls: [], learner: false, healthy: false });
    let added = 0;
    let meanwhile: () => Promise<unknown> = async () => undefined;
    world = await createWorld({ members: {
      async list() {
        const act = meanwhile;
        meanwhile = async () => undefined;
        await act();
        return [...known];
      },
      async addLearner(name, url) {
        added += 1;
        if (known.length === 0) known.push(member(`new-${added}`, ''));
        return { initial_cluster: `${name}=${url}` };
      },
      promote: async () => true,
      remove: async (id) => void known.splice(known.findIndex((one) => one.id === id), known.some((one) => one.id === id) ? 1 : 0),
    } });
    await world.identity.joinNode(await requestOf(await tokenFor({ grants: 'node', node_roles: ['control'] }), { roles: ['control'] }));
    known.splice(0, known.length, member('old', 'n2'));
    const request = await requestOf(await tokenFor({ grants: 'node', replaces: 'n2' }), { roles: ['control'] });
    let ahead: unknown = null;
    meanwhile = async () => { ahead = await world.identity.joinNode(request); };
    expect(await world.identity.joinNode(request)).toEqual(ahead);
    expect(known.map(({ id }) => id)).toEqual(['new-2']);
  });
});

test('a node that is no authority names those that are', async () => {
  const storage = world.node({ authority: null, id: 'node_01JD9Z3QK7W5T8X2M4N6P0R1SB', name: 'n5' });
  const error = await errorOf(storage.joinNode(await requestOf(await tokenFor())));
  expect(error).toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/^node n5 signs no certificates/), detail: { hint: 'Ask one of: n1 (https://127.0.0.1:7480)' } });
});

describe('over the network', () => {
  const facts: JoinFacts = { name: 'n2', roles: ['storage'], zone: '', labels: {}, address: '127.0.0.1:7481', machine_id: 'm', daemon_version: '0.1.0' };

  test('a machine joins by the fingerprint in its token, and again with the keys that it has', async () => {
    const served = await serveWorld(world);
    try {
      const token = await tokenFor();
      const dir = path.join(world.dir, 'joiner');
      const answer = await joinNode(dir, facts, { endpoints: ['https://127.0.0.1:1', served.endpoint], token });
      const pki = await loadPki(dir);
      expect(keyFits(pki.node ?? '', pki.nodeKey ?? '') && keyFits(pki.store ?? '', pki.storeKey ?? '')).toBe(true);
      expect(await joinNode(dir, facts, { endpoints: [served.endpoint], token })).toEqual(answer);
      const { items } = await world.identity.listAudit();
      expect(items.map(({ action, outcome, actor }: AuditEntry) => `${action} ${outcome} ${actor}`)).toEqual(Array(2).fill(`node.join done holder of ${parseToken(token).id}`));
    } finally {
      await served.end();
    }
  });

  test('nothing is sent to a server of another cluster', async () => {
    const served = await serveWorld(world);
    try {
      const elsewhere = path.join(world.dir, 'elsewhere');
      await createClusterPki(elsewhere, { cluster_id: CLUSTER, cluster_name: 'prod', node_id: NODE, node_name: 'n1', address: '127.0.0.1:1' });
      const token = createTokenCodec((await openAuthority(elsewhere)).caSha256).mint('tok_01JD9Z3QK7W5T8X2M4N6P0R1SA').token;
      expect(await errorOf(joinNode(path.join(world.dir, 'joiner'), facts, { endpoints: [served.endpoint], token }))).toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/belongs to another cluster than the token/) });
      expect((await world.identity.listAudit()).items).toEqual([]);
    } finally {
      await served.end();
    }
  });

  test('a client redeems a token, and its certificate has the role of the token', async () => {
    const served = await serveWorld(world);
    try {
      const token = await tokenFor({ grants: 'plugin', name: 'swarm' });
      const { key, csr } = await makeKeyAndRequest('swarm');
      const answer = await joinClient({ name: 'swarm', csr }, { endpoints: [served.endpoint], token });
      expect(new X509Certificate(answer.certificate).subjectAltName).toContain('/client/plugin/swarm');
      const { createClient } = await import('../../../src/client/client.ts');
      const client = createClient({ endpoint: served.endpoint, tls: { ca: answer.ca, cert: answer.certificate, key }, attempts: 1 });
      expect(await client.cluster()).toMatchObject({ id: CLUSTER });
      expect(await errorOf(client.tokens.create({ grants: 'admin' }))).toMatchObject({ code: 'permission_denied', message: 'swarm has the role plugin, which does not allow createToken' });
      const renewed = await makeKeyAndRequest('swarm');
      const fresh = await client.certificates.renew({ csr: renewed.csr });
      expect(new X509Certificate(fresh.certificate).subjectAltName).toContain('/client/plugin/swarm');
      expect(await errorOf(client.certificates.renew({ csr: renewed.csr, store_csr: renewed.csr }))).toMatchObject({ code: 'permission_denied' });
    } finally {
      await served.end();
    }
  });

  test('many tokens are listed in pages, without their secrets', async () => {
    for (let at = 0; at < 5; at += 1) await tokenFor();
    const first = await world.identity.listTokens({ limit: 3 });
    const rest = await world.identity.listTokens({ limit: 3, cursor: first.next ?? '' });
    expect([...first.items, ...rest.items].map(({ id }: JoinToken) => id)).toHaveLength(5);
    expect(rest.next).toBeNull();
  });
});
