import { readFileSync } from 'node:fs';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { IdentityControl } from '../../../src/control/cluster-control.ts';
import { expiryCondition, isRenewalDue, WARN_BEFORE_MS } from '../../../src/control/expiry.ts';
import { renewIfDue, type RenewalSeams } from '../../../src/daemon/renewal.ts';
import type { Node } from '../../../src/model/node.ts';
import { joinNode } from '../../../src/security/join-client.ts';
import { keyFits, loadPki } from '../../../src/security/pki.ts';
import { createWorld, NODE, nodeFiles, serveWorld, type World } from './cluster-of-certificates.ts';

const DAY_MS = 86_400_000;
let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.end());

const seams = (more: Partial<RenewalSeams> = {}): RenewalSeams => ({
  pki: world.pki, node: { id: NODE, name: 'n1' }, signs: true, renew: (request, caller) => world.identity.renewCertificate(request, caller), nodes: () => [], onRenewed: async () => undefined,
  store: world.store, clock: world.clock, log: world.seams.log, ...more,
});
const conditions = async (id = NODE): Promise<readonly string[]> => (await world.store.get<Node>(`/nodes/${id}`))?.value.status.conditions.map(({ type, message }) => `${type}: ${message}`) ?? [];

test('a certificate is renewed at two thirds of its life, and its end is told two weeks before', () => {
  const life = { from: 0, until: 90 * DAY_MS };
  expect([59, 60, 89].map((day) => isRenewalDue(life, day * DAY_MS))).toEqual([false, true, true]);
  expect(expiryCondition(life, life.until - WARN_BEFORE_MS - 1, 'n1', '')).toBeNull();
  expect(expiryCondition(life, life.until - WARN_BEFORE_MS, 'n1', '')).toMatchObject({ type: 'CertificateExpiring', message: expect.stringMatching(/expires at/) });
  expect(expiryCondition(life, life.until, 'n1', 'nobody answers')).toMatchObject({ message: expect.stringMatching(/has expired at .*; it could not be renewed: nobody answers/) });
});

test('a control node renews its own: a new key, signed here, both domains, and clients go on', async () => {
  const before = await loadPki(world.pki);
  expect(await renewIfDue(seams())).toBe(false);
  world.clock.ms += 250 * DAY_MS;
  const told: boolean[] = [];
  expect(await renewIfDue(seams({ onRenewed: async () => { told.push((await loadPki(world.pki)).store !== before.store); } }))).toBe(true);
  expect(told).toEqual([true]);
  const after = await loadPki(world.pki);
  expect(after.nodeKey).not.toBe(before.nodeKey);
  expect(keyFits(after.node ?? '', after.nodeKey ?? '') && keyFits(after.store ?? '', after.storeKey ?? '')).toBe(true);
  expect(new X509Certificate(after.node ?? '').subjectAltName).toBe(new X509Certificate(before.node ?? '').subjectAltName);
  expect(new X509Certificate(after.node ?? '').validToDate.getTime()).toBeGreaterThan(world.clock.ms + 360 * DAY_MS);
  expect(after.issuer).toBe(before.issuer);
  expect(await renewIfDue(seams())).toBe(false);
});

test('a storage node is renewed by a control node, over TLS, under the certificate that it has', async () => {
  const served = await serveWorld(world);
  try {
    const dir = path.join(world.dir, 'n2');
    const { token } = await world.identity.createToken({ grants: 'node' });
    const { node_id } = await joinNode(dir, { name: 'n2', roles: ['storage'], zone: '', labels: {}, address: '127.0.0.1:7481', machine_id: 'm', daemon_version: '0.1.0' }, { endpoints: [served.endpoint], token });
    const record = (await world.store.get<Node>(`/nodes/${NODE}`))?.value;
    if (record === undefined) throw new Error('no record');
    const control: Node = { ...record, spec: { ...record.spec, address: served.endpoint.replace('https://', '') } };
    const refuse: IdentityControl['renewCertificate'] = async () => { throw new Error('it signs nothing itself'); };
    const later = { ...world.clock, now: () => Date.now() + 250 * DAY_MS };
    const before = readFileSync(path.join(dir, 'node.crt'), 'utf8');
    expect(await renewIfDue(seams({ pki: dir, node: { id: node_id, name: 'n2' }, signs: false, renew: refuse, nodes: () => [control], clock: later }))).toBe(true);
    expect(readFileSync(path.join(dir, 'node.crt'), 'utf8')).not.toBe(before);
    expect(keyFits(nodeFiles(dir).cert, nodeFiles(dir).key)).toBe(true);
    expect((await world.identity.listAudit()).items[0]).toMatchObject({ action: 'certificate.renew', actor: 'node n2', outcome: 'done' });
  } finally {
    await served.end();
  }
});

test('where nobody can sign, the old one stays, and the node says so until it is renewed', async () => {
  const before = await loadPki(world.pki);
  world.clock.ms += 355 * DAY_MS;
  expect(await renewIfDue(seams({ signs: false }))).toBe(false);
  expect(await loadPki(world.pki)).toEqual(before);
  expect(await conditions()).toEqual([expect.stringMatching(/^CertificateExpiring: .*it could not be renewed: no control node is known/)]);
  expect(await renewIfDue(seams())).toBe(true);
  expect(await conditions()).toEqual([]);
});
