import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDenials } from '../../../src/control/denials.ts';
import { createClient } from '../../../src/client/client.ts';
import type { Role } from '../../../src/model/identity.ts';
import { createWorld, serveWorld, type ServedWorld, type World } from './cluster-of-certificates.ts';

let world: World;
let served: ServedWorld;
beforeEach(async () => {
  world = await createWorld();
  served = await serveWorld(world, {}, {}, { onDenied: createDenials(world.seams) });
});
afterEach(async () => {
  await served.end();
  world.end();
});
const as = async (role: Role, name: string) => createClient({ endpoint: served.endpoint, tls: await world.client(role, name), attempts: 1 });
const entries = async () => (await world.identity.listAudit()).items;
const lines = () => world.logged.filter(({ message }) => message === 'a request was refused').map(({ fields }) => fields);

test('a change that a role does not allow is in the audit log, with who wanted what and why not', async () => {
  const plugin = await as('plugin', 'swarm');
  await expect(plugin.nodes.drain('n1')).rejects.toMatchObject({ code: 'permission_denied' });
  await expect(plugin.volumes.remove('db', { purge: true })).rejects.toMatchObject({ code: 'permission_denied' });
  expect(await entries()).toMatchObject([
    { actor: 'swarm (plugin)', action: 'volume.remove', outcome: 'refused', object: { kind: 'volume', name: 'db' }, reason: expect.stringMatching(/does not allow purgeTrash/) },
    { actor: 'swarm (plugin)', action: 'node.drain', outcome: 'refused', object: { kind: 'node', name: 'n1' }, reason: expect.stringMatching(/does not allow drainNode/), before: null, after: null },
  ]);
});

test('a look that a role does not allow, and a certificate that was revoked, are in the log only', async () => {
  const reader = await as('read-only', 'rita');
  await expect(reader.audit.list().page()).rejects.toMatchObject({ code: 'permission_denied' });
  const lost = await world.client('admin', 'lost');
  await world.identity.revokeCertificate(lost.serial);
  await expect(createClient({ endpoint: served.endpoint, tls: lost, attempts: 1 }).cluster()).rejects.toMatchObject({ code: 'permission_denied' });
  expect(await entries()).toEqual([]);
  expect(lines()).toMatchObject([{ actor: 'rita (read-only)', action: 'listAudit' }, { actor: 'somebody', action: 'getCluster', reason: expect.stringMatching(/client lost .* was revoked/) }]);
});

test('who asks again and again leaves few of them, and hides nobody else', async () => {
  const [loud, quiet] = [await as('read-only', 'loud'), await as('read-only', 'quiet')];
  for (let at = 0; at < 100; at += 1) await expect(loud.nodes.drain('n1')).rejects.toMatchObject({ code: 'permission_denied' });
  await expect(quiet.nodes.drain('n1')).rejects.toMatchObject({ code: 'permission_denied' });
  const all = await entries();
  expect(all[0]).toMatchObject({ actor: 'quiet (read-only)' });
  // Twenty a minute; the test may stand on the edge between two.
  expect(all.length).toBeLessThanOrEqual(41);
});
