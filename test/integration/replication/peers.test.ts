/** Who gets to a replica over the network: the node that owns the generation, and nobody else gets one byte. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { openNbd } from '../../../src/replication/nbd/client.ts';
import { COMMAND, NBD_ERROR, PEER, PEER_COMMANDS, type NbdError } from '../../../src/replication/nbd/wire.ts';
import type { Fenced, Refusal, ReplicaAnswer } from '../../../src/replication/protocol/messages.ts';
import type { View } from '../../../src/replication/nbd/slab.ts';
import { connectThere } from '../../../src/replication/io/remote-replica.ts';
import type { Connection } from '../../../src/replication/io/connection.ts';
import type { PeerCredentials } from '../../../src/replication/io/peer-identity.ts';
import { openAuthority, createClusterPki, loadPki } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import path from 'node:path';
import { CLUSTER, nodeId, ThreeNodes, VOLUME } from './three-nodes.ts';

const MIB = 1024 * 1024;
let world: ThreeNodes;
let generation: number;
beforeAll(async () => {
  world = await new ThreeNodes(8 * MIB, ['a', 'b']).begin();
  generation = await world.nodes.a.attach();
});
afterAll(() => world.end());

type Heard = { readonly opened: Fenced } | { readonly refused: Refusal } | { readonly lost: string };

/** Opens a replica of b; what is heard first. */
async function open(credentials: PeerCredentials, at: { generation: number; incarnation?: number; volume?: string; node?: string }): Promise<{ heard: Heard; connection: Connection; answers: Map<number, ReplicaAnswer<View>>; reached: boolean }> {
  const answers = new Map<number, ReplicaAnswer<View>>();
  let reached = false;
  let connection: Connection | null = null;
  const heard = await new Promise<Heard>((resolve) => {
    connection = connectThere({ ...credentials, host: '127.0.0.1', port: world.portOf('b'), node: at.node ?? nodeId('b'), volume: at.volume ?? VOLUME, generation: at.generation, incarnation: at.incarnation ?? 1_000 }, {
      reached: () => { reached = true; },
      opened: (opened) => resolve({ opened }),
      refused: (refused) => resolve({ refused }),
      lost: (lost) => resolve({ lost }),
      answer: (id, answer) => void answers.set(id, answer),
    });
  });
  if (connection === null) throw new Error('not reached');
  return { heard, connection, answers, reached };
}

const stranger = async (): Promise<PeerCredentials> => {
  const dir = path.join(world.root, 'other-pki');
  await createClusterPki(dir, { cluster_id: CLUSTER, cluster_name: 'other', node_id: nodeId('a'), node_name: 'a', address: '127.0.0.1:1' });
  const { node, nodeKey } = await loadPki(dir);
  return { cert: node ?? '', key: nodeKey ?? '', ca: world.credentialsOf('a').ca };
};

test('the node that owns the generation is served', async () => {
  const { heard, connection } = await open(world.credentialsOf('a'), { generation, incarnation: 500 });
  expect(heard).toMatchObject({ opened: { size: 8 * MIB, history: 1, empty: false } });
  connection.close();
});

test('a node that is not the writer of the generation is refused, with whatever generation it comes', async () => {
  for (const asked of [generation, generation + 1, 999]) {
    const { heard, reached } = await open(world.credentialsOf('c'), { generation: asked });
    expect(reached).toBe(true);
    expect(heard).toEqual({ refused: { why: 'gone' } });
  }
});

test('an older generation is refused, and told the newer one', async () => {
  for (const name of ['a', 'c'] as const) expect((await open(world.credentialsOf(name), { generation: generation - 1 })).heard).toEqual({ refused: { why: 'newer', generation } });
});

test('a certificate of another authority is refused before a word of NBD is spoken', async () => {
  const credentials = await stranger();
  const { heard } = await open(credentials, { generation });
  expect(Object.keys(heard)).toEqual(['lost']);
});

test('a certificate of a client is refused, though the same authority made it', async () => {
  const authority = await openAuthority(path.join(world.root, 'pki'));
  const { key, csr } = await makeKeyAndRequest('alice');
  const { chain } = await authority.sign(csr, { cluster: CLUSTER, kind: 'client', role: 'admin', name: 'alice' }, { hosts: [], ttl_ms: 3_600_000 });
  const { heard } = await open({ key, cert: chain, ca: world.credentialsOf('a').ca }, { generation });
  expect(Object.keys(heard)).toEqual(['lost']);
});

test('who shows no certificate, or speaks no TLS, or an older one, hears nothing of NBD', async () => {
  const { ca } = world.credentialsOf('a');
  const said = async (socket: import('node:stream').Duplex): Promise<string> => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk)).on('error', () => undefined);
    await new Promise((resolve) => void socket.on('close', resolve));
    return Buffer.concat(chunks).toString('latin1');
  };
  const port = world.portOf('b');
  expect(await said(connectTls({ host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined }))).not.toContain('NBDMAGIC');
  expect(await said(connectTls({ host: '127.0.0.1', port, ...world.credentialsOf('a'), maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined }))).not.toContain('NBDMAGIC');
  const plain = connectPlain(port, '127.0.0.1');
  plain.write('NBDMAGIC and more than a TLS record of what is none at all');
  expect(await said(plain)).not.toContain('NBDMAGIC');
});

test('a server that is not the node which shall have the replica is not spoken to', async () => {
  const { heard, reached } = await open(world.credentialsOf('a'), { generation, node: nodeId('c') });
  expect(reached).toBe(false);
  expect(Object.keys(heard)).toEqual(['lost']);
});

test('a volume that is not here, and names that are none, are refused', async () => {
  expect((await open(world.credentialsOf('a'), { generation, volume: `vol_${'9'.repeat(26)}` })).heard).toEqual({ refused: { why: 'gone' } });
  expect((await open(world.credentialsOf('a'), { generation, volume: '../../etc' })).heard).toEqual({ refused: { why: 'gone' } });
});

test('hostile words of a writer are refused or cut off, and the next connection is served', async () => {
  await world.nodes.a.detach();
  const next = await world.nodes.a.attach();
  await world.nodes.a.detach();
  // The record names nobody as writer now: the generation's owner is gone, and so is its permission.
  expect((await open(world.credentialsOf('a'), { generation: next })).heard).toEqual({ refused: { why: 'gone' } });
  world.record = { ...world.record, generation: next + 1, writer: { node: nodeId('a'), lease: 'lease' } };
  const answers = new Map<number, NbdError>();
  const socket = connectTls({ host: '127.0.0.1', port: world.portOf('b'), ...world.credentialsOf('a'), checkServerIdentity: () => undefined });
  await new Promise((resolve) => void socket.once('secureConnect', resolve));
  const client = await openNbd(socket, { export: `${VOLUME}/${next + 1}/1`, commands: PEER_COMMANDS, handler: { reply: (cookie, error) => void answers.set(cookie, error), closed: () => undefined } });
  client.command(1, PEER.intend, Buffer.from([0, 255, 255, 255, 255]));
  client.command(2, PEER.intend, Buffer.from([1, 0xff, 0xff, 0xff, 0xff, 1, 1]));
  client.command(3, PEER.join, Buffer.from([0, 0, 0]));
  client.command(4, PEER.version, Buffer.from('{"set_version":"x"}'));
  client.command(5, PEER.clone, Buffer.from('../../../etc/passwd'));
  client.command(6, PEER.settle, Buffer.from('nonsense'));
  client.command(7, PEER.join, Buffer.from([255, 255, 255, 255, 0]));
  client.send(8, COMMAND.read, 8 * MIB, 4096);
  client.command(9, PEER.renew, Buffer.alloc(0));
  while (answers.size < 9) await new Promise((resolve) => void setTimeout(resolve, 5));
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((cookie) => answers.get(cookie))).toEqual(Array(8).fill(NBD_ERROR.EINVAL));
  expect(answers.get(9)).toBe(NBD_ERROR.OK);
  client.drop('done');
});
