import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PERMISSIONS } from '../../../src/api/http/permissions.ts';
import { audited, KEEP_AUDIT, pruneAudit, readAudit } from '../../../src/control/audit.ts';
import { AUDITED } from '../../../src/control/audited-calls.ts';
import type { ClusterControl } from '../../../src/control/cluster-control.ts';
import type { Control } from '../../../src/control/control.ts';
import { mintId } from '../../../src/control/context.ts';
import { KEYS } from '../../../src/control/keys.ts';
import { PLUGIN_MAY, restrict } from '../../../src/control/restrict.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import type { AuditEntry } from '../../../src/model/identity.ts';
import { GIB, newWorld, startBench, type Bench } from '../control/bench.ts';

const lines: string[] = [];
const log = { debug: () => undefined, info: () => undefined, warn: (_: object, message: string) => void lines.push(message), error: () => undefined };
let bench: Bench;
let control: Control;
beforeEach(async () => {
  lines.length = 0;
  bench = await startBench(newWorld());
  await bench.control.start();
  control = audited<Control>(bench.control, { store: bench.store, clock: bench.clock, random: (length) => randomBytes(length), log }, 'holdfastd on n1');
});
afterEach(() => bench.control.stop());
const entries = async (): Promise<readonly AuditEntry[]> => (await readAudit(bench.store)()).items;

describe('the audit log', () => {
  test('tells of every use case that changes something, and of no other', () => {
    const reading = /^(GET|get|list|watch|explain|check)/;
    const changing = Object.keys(PERMISSIONS).filter((operation) => !reading.test(operation)).sort();
    expect(Object.keys(AUDITED).sort()).toEqual(changing);
  });

  test('has who, what, before and after of a change', async () => {
    await bench.done(control.createPool({ name: 'fast', kind: 'directory', path: '/srv/pool' }, { actor: 'alice (operator)' }));
    await bench.done(control.createVolume({ name: 'db', size_bytes: GIB }, { actor: 'alice (operator)' }));
    await control.updateVolume('db', { labels: { tier: 'gold' } }, { actor: 'docker on n1' });
    const [update, create, pool] = await entries();
    expect(update).toMatchObject({ actor: 'docker on n1', action: 'volume.update', outcome: 'done', reason: '', object: { kind: 'volume', name: 'db' }, request: { labels: { tier: 'gold' } }, before: { labels: {} }, after: { labels: { tier: 'gold' } } });
    expect(create).toMatchObject({ actor: 'alice (operator)', action: 'volume.create', outcome: 'done', before: null, after: { name: 'db', operation: expect.stringMatching(/^op_/) }, request: { name: 'db', size_bytes: GIB } });
    expect(create?.object.id).toMatch(/^vol_/);
    expect(pool).toMatchObject({ action: 'pool.create', object: { kind: 'pool', name: 'fast' } });
  });

  test('has what was refused, and why', async () => {
    await expect(control.removeVolume('nowhere', {}, { actor: 'bob (plugin)' })).rejects.toMatchObject({ code: 'not_found' });
    expect(await entries()).toMatchObject([{ actor: 'bob (plugin)', action: 'volume.remove', outcome: 'refused', reason: 'there is no volume "nowhere"', object: { name: 'nowhere' }, before: null, after: null }]);
  });

  test('is not left out: where the entry cannot be written the change is refused, and nothing happens', async () => {
    let reached = 0;
    const store = Object.assign(Object.create(bench.store) as typeof bench.store, { get: bench.store.get.bind(bench.store), txn: async () => { throw new HoldfastError('unavailable', 'the medium is full'); } });
    const strict = audited<Partial<Control>>({ attachVolume: async () => { reached += 1; throw new Error('never'); } }, { store, clock: bench.clock, random: (length) => randomBytes(length), log }, 'x');
    await expect(strict.attachVolume?.('db')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/cannot be written to the audit log of the control store \(the medium is full\)/) });
    expect(reached).toBe(0);
  });

  test('says so when the store is full, and what to do about that', async () => {
    const store = Object.assign(Object.create(bench.store) as typeof bench.store, { get: bench.store.get.bind(bench.store), txn: async () => { throw new HoldfastError('resource_exhausted', 'no space left', { hint: 'Make room.' }, { retryable: true }); } });
    const strict = audited<Partial<Control>>({ attachVolume: async () => { throw new Error('never'); } }, { store, clock: bench.clock, random: (length) => randomBytes(length), log }, 'x');
    await expect(strict.attachVolume?.('db')).rejects.toMatchObject({ code: 'resource_exhausted', retryable: true, detail: { hint: 'Make room.' } });
  });

  test('keeps an entry that was never completed as begun; the change stands', async () => {
    let writes = 0;
    const txn = bench.store.txn.bind(bench.store);
    const store = Object.assign(Object.create(bench.store) as typeof bench.store, { get: bench.store.get.bind(bench.store), txn: async (...args: Parameters<typeof txn>) => { writes += 1; if (writes > 1) throw new Error('gone'); return txn(...args); } });
    const broken = audited<Partial<Control>>({ wipePool: async () => undefined }, { store, clock: bench.clock, random: (length) => randomBytes(length), log }, 'root on n1');
    await broken.wipePool?.({ path: '/srv/x', confirm: '/srv/x' });
    expect(await entries()).toMatchObject([{ action: 'pool.wipe', outcome: 'begun', actor: 'root on n1' }]);
    expect(lines).toContain('an entry of the audit log could not be completed');
  });

  test('costs two transactions beside the change, and knows secrets when it sees them', async () => {
    let writes = 0;
    const txn = bench.store.txn.bind(bench.store);
    const store = Object.assign(Object.create(bench.store) as typeof bench.store, { get: bench.store.get.bind(bench.store), list: bench.store.list.bind(bench.store), txn: (...args: Parameters<typeof txn>) => { writes += 1; return txn(...args); } });
    const secret = `hft1.${'0'.repeat(26)}.${'s'.repeat(43)}.${'a'.repeat(64)}`;
    const cluster = audited<Partial<ClusterControl>>({
      createToken: async () => ({ token: secret, record: { id: 'tok_x', grants: 'node', name: null, node_roles: [], replaces: null, created_at: '', created_by: '', expires_at: '', used_at: null } }),
      updateVolume: async () => { throw new HoldfastError('conflict', `why ${secret} and -----BEGIN PRIVATE KEY-----\nabc`); },
    }, { store, clock: bench.clock, random: (length) => randomBytes(length), log }, 'x');
    await cluster.createToken?.({ grants: 'node' });
    expect(writes).toBe(2);
    await expect(cluster.updateVolume?.('db', { labels: { token: secret } })).rejects.toThrow();
    const told = JSON.stringify(await entries());
    expect(told).not.toContain('sss');
    expect(told).not.toContain('abc');
    expect(told).toContain('tok_x');
  });

  test('is read newest first, in pages, and by object and actor', async () => {
    const names = Array.from({ length: 7 }, (_, at) => `v${at}`);
    for (const [at, name] of names.entries()) await control.removeVolume(name, {}, { actor: at % 2 === 0 ? 'alice (admin)' : 'root on n1' }).catch(() => undefined);
    const read = readAudit(bench.store);
    const first = await read({ limit: 3 });
    const second = await read({ limit: 3, cursor: first.next ?? '' });
    expect([...first.items, ...second.items].map(({ object }) => object.name)).toEqual(['v6', 'v5', 'v4', 'v3', 'v2', 'v1']);
    expect((await read({ object: 'v3' })).items).toHaveLength(1);
    expect((await read({ actor: 'alice' })).items).toHaveLength(4);
    expect((await read({ actor: 'root on n1' })).items).toHaveLength(3);
  });

  test('is pruned to the newest', async () => {
    expect(KEEP_AUDIT).toBe(20_000);
    for (let at = 0; at < 1_205; at += 1) await bench.store.txn([], [{ op: 'put', key: KEYS.audit(`aud_${String(at).padStart(26, '0')}`), value: { id: String(at) } }]);
    expect(await pruneAudit(bench.store, 700)).toBe(505);
    const { entries: left } = await bench.store.list<{ id: string }>(KEYS.audits);
    expect([left.length, left[0]?.value.id, left.at(-1)?.value.id]).toEqual([700, '1204', '505']);
  });
});

describe('whoever makes many entries', () => {
  test('pushes out its own, and none of others', async () => {
    const actors = [...Array.from({ length: 30 }, () => 'alice (admin)'), ...Array.from({ length: 40 }, () => 'root on n1'), ...Array.from({ length: 900 }, () => 'eve (plugin)')];
    for (const [at, actor] of actors.entries()) await bench.store.txn([], [{ op: 'put', key: KEYS.audit(mintId({ clock: bench.clock, random: (length) => randomBytes(length) }, 'audit')), value: { id: String(at), actor } }]);
    expect(await pruneAudit(bench.store, 200)).toBe(770);
    const { entries: left } = await bench.store.list<AuditEntry>(KEYS.audits);
    const count = (name: string): number => left.filter(({ value }) => value.actor === name).length;
    expect(['alice (admin)', 'root on n1', 'eve (plugin)'].map(count)).toEqual([30, 40, 130]);
    expect(await pruneAudit(bench.store, 200)).toBe(0);
  });
});

describe('control narrowed to the plug-in', () => {
  test('has what the role may, and nothing else at all', async () => {
    const narrow = restrict(control, 'plugin');
    expect(Object.keys(narrow).sort()).toEqual(PLUGIN_MAY.filter((method) => method in control).sort());
    expect(Object.getPrototypeOf(narrow)).toBeNull();
    for (const method of ['createPool', 'removePool', 'wipePool', 'purgeTrash', 'createToken', 'removeNode', 'stop', 'constructor', '__proto__']) expect((narrow as unknown as Record<string, unknown>)[method]).toBeUndefined();
    expect(() => { (narrow as unknown as Record<string, unknown>)['createPool'] = 1; }).toThrow();
    await bench.done(bench.control.createPool({ name: 'fast', kind: 'directory', path: '/srv/pool' }));
    expect((await narrow.ensureVolume({ name: 'db', size_bytes: GIB }, { actor: 'docker on n1' })).object.name).toBe('db');
    expect(await entries()).toMatchObject([{ actor: 'docker on n1', action: 'volume.ensure' }]);
  });

  test('is what the table of permissions lets the role do over TLS', () => {
    const overTls = Object.entries(PERMISSIONS).flatMap(([operation, who]) => (who !== 'anyone' && who.includes('plugin') ? [operation] : []));
    const names: Record<string, string> = { getCluster: 'cluster', getNodeHoldings: 'nodeHoldings' };
    const methods = overTls.filter((operation) => !operation.startsWith('GET ') && !['getVersion', 'renewCertificate'].includes(operation)).map((operation) => names[operation] ?? operation);
    expect([...PLUGIN_MAY].sort()).toEqual([...methods, 'waitOperation'].sort());
  });
});
