import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KEYS } from '../../../src/control/keys.ts';
import { createIdentity } from '../../../src/control/identity.ts';
import { MAX_RENEWALS_AN_HOUR } from '../../../src/control/certificates.ts';
import type { Store } from '../../../src/control/ports/store.ts';
import type { Certificate } from '../../../src/model/identity.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { createWorld, NODE, type World } from './cluster-of-certificates.ts';

let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.end());

const request = async (name: string): Promise<{ readonly csr: string }> => ({ csr: (await makeKeyAndRequest(name)).csr });
const certificatesOf = async (name: string): Promise<readonly Certificate[]> => (await world.identity.listCertificates({ name })).items;

/** The same store, where something happens right before the transaction that records a new certificate. */
function interrupted(before: () => Promise<void>): Store {
  let once = false;
  return Object.assign(Object.create(world.store) as Store, {
    get: world.store.get.bind(world.store), list: world.store.list.bind(world.store), watch: world.store.watch.bind(world.store),
    txn: async (...args: Parameters<Store['txn']>) => {
      if (!once && args[1].some(({ key }) => key.startsWith(KEYS.certificates))) {
        once = true;
        await before();
      }
      return world.store.txn(...args);
    },
  });
}

describe('a renewal that meets the revocation of its certificate', () => {
  test('gives a client nothing that outlives the revocation', async () => {
    const eve = await world.client('operator', 'eve');
    const racing = createIdentity({ ...world.seams, store: interrupted(async () => { await world.identity.revokeCertificate(eve.serial); }) }, { node: { id: NODE, name: 'n1' }, isAlive: () => true, storeEndpoints: () => [] });
    await expect(racing.renewCertificate(await request('eve'), { kind: 'client', role: 'operator', name: 'eve', serial: eve.serial })).rejects.toMatchObject({ code: 'permission_denied', message: expect.stringMatching(/was revoked/) });
    expect((await certificatesOf('eve')).filter(({ revoked_at }) => revoked_at === null)).toEqual([]);
  });

  test('leaves a node that is removed with nothing, also what it got while its removal looked', async () => {
    const { token } = await world.identity.createToken({ grants: 'node' });
    const [own, store] = [await request('n2'), await request('n2')];
    const { node_id } = await world.identity.joinNode({ token, name: 'n2', roles: ['storage'], zone: '', labels: {}, address: '127.0.0.1:7481', machine_id: 'm', daemon_version: '0.1.0', now_ms: world.clock.now(), csr: own.csr, store_csr: store.csr });
    const [first] = await certificatesOf('n2');
    const caller = { kind: 'node', node: node_id, name: 'n2', serial: first?.serial ?? '' } as const;
    // Between the removal's look at what there is and its writing it down.
    const racing = createIdentity({ ...world.seams, store: interrupted(async () => { await world.identity.renewCertificate(await request('n2'), caller); }) }, { node: { id: NODE, name: 'n1' }, isAlive: () => true, storeEndpoints: () => [] });
    await racing.revokeNode(node_id, 'a test');
    const all = await certificatesOf('n2');
    expect(all).toHaveLength(2);
    expect(all.filter(({ revoked_at }) => revoked_at === null)).toEqual([]);
    await expect(world.identity.renewCertificate(await request('n2'), { ...caller, serial: all[1]?.serial ?? '' })).rejects.toMatchObject({ code: 'permission_denied' });
  });
});

test('nobody fills the store by renewing again and again, whatever the role; after an hour it goes on', async () => {
  const reader = await world.client('read-only', 'rita');
  const renew = async (): Promise<unknown> => world.identity.renewCertificate(await request('rita'), { kind: 'client', role: 'read-only', name: 'rita', serial: reader.serial });
  for (let at = 1; at < MAX_RENEWALS_AN_HOUR; at += 1) await renew();
  await expect(renew()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/within an hour/) });
  const other = await world.client('read-only', 'olaf');
  await world.identity.renewCertificate(await request('olaf'), { kind: 'client', role: 'read-only', name: 'olaf', serial: other.serial });
  world.clock.ms += 3_601_000;
  await renew();
});
