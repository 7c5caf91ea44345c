// The stack of machines over SSH: what it declares, in which order, and what cdktf.json may say about it.
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Testing } from 'cdktf';
import { OnpremStack } from '../../../stacks/onprem.ts';
import { onpremSettings } from '../../../stacks/onprem-settings.ts';

const outdir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-stacks-'));
afterAll(() => { rmSync(outdir, { recursive: true }); });

type Json = { [key: string]: Json } & { readonly [index: number]: Json };

const ADMIN = { csrFile: '/keys/admin.csr', keyFile: '/keys/admin.key' };
const BOTH = ['control', 'storage'];
const THREE = {
  ssh: { user: 'admin', keyFile: '~/.ssh/lab', knownHostsFiles: ['known_hosts'], bastion: { host: 'gate', keyFile: 'gate.key' } },
  package: { file: 'holdfast.deb' },
  admin: ADMIN,
  nodes: [
    { name: 'n1', host: '10.77.0.11', zone: 'a', roles: BOTH, pools: [{ devices: ['/dev/vdb'], class: 'ssd' }] },
    { name: 'n2', host: '10.77.0.12', zone: 'b', roles: BOTH, pools: [{ path: '/srv/holdfast' }, { name: 'slow-n2', devices: ['/dev/vdc'], labels: { tier: 'slow' } }] },
    { name: 'n3', host: '10.77.0.13', port: 2222, hostKey: 'SHA256:x', roles: BOTH, labels: { disk: 'ssd' }, onDestroy: 'forget' },
  ],
  volumes: [{ name: 'web', size: '1G', node: 'n2', disposable: true }, { name: 'db', size: '20G', class: 'ssd', zones: ['a'] }],
};
const synth = (context: object): Json => JSON.parse(Testing.synth(new OnpremStack(Testing.app({ outdir }), 'onprem', onpremSettings(context))), (key, value: unknown) => (key === '//' ? undefined : value)) as Json;

describe('the stack onprem', () => {
  const stack = synth(THREE);
  const resources = (type: string): Json => stack['resource']?.[type] ?? {};

  it('makes the first node the cluster and lets the others join it', () => {
    expect(resources('holdfast_cluster')).toEqual({
      cluster: {
        name: 'onprem', package: { file: path.resolve('holdfast.deb') }, admin: { csr: '${file("/keys/admin.csr")}' },
        node: { name: 'n1', host: '10.77.0.11', zone: 'a', roles: BOTH },
        control_hosts: [{ host: '10.77.0.12' }, { host: '10.77.0.13', port: 2222, host_key: 'SHA256:x' }],
      },
    });
    expect(Object.keys(resources('holdfast_node'))).toEqual(['n2', 'n3']);
    expect(resources('holdfast_node')['n3']).toEqual({
      cluster: '${holdfast_cluster.cluster.bootstrap}', package: { file: path.resolve('holdfast.deb') },
      name: 'n3', host: '10.77.0.13', port: 2222, host_key: 'SHA256:x', labels: { disk: 'ssd' }, roles: BOTH, on_destroy: 'forget',
    });
  });

  it('has two configurations of the provider: one with ssh, and one that follows from all nodes', () => {
    expect(stack['provider']?.['holdfast']).toEqual([
      { ssh: { user: 'admin', private_key_file: path.join(os.homedir(), '.ssh/lab'), known_hosts_files: [path.resolve('known_hosts')], bastion: { host: 'gate', private_key_file: path.resolve('gate.key') } } },
      {
        alias: 'data', owner: 'stack-onprem/onprem', client_key_file: '/keys/admin.key',
        endpoint: '${join(",", holdfast_cluster.cluster.endpoints)},https://${holdfast_node.n2.address},https://${holdfast_node.n3.address}',
        ca_certificate: '${holdfast_cluster.cluster.ca_certificate}', client_certificate: '${holdfast_cluster.cluster.admin_certificate}',
      },
    ]);
  });

  it('puts pools on nodes through the second one, with names of their own', () => {
    expect(resources('holdfast_pool')).toEqual({
      'pool-n1': { provider: 'holdfast.data', name: 'pool-n1', node: '${holdfast_cluster.cluster.node.name}', kind: 'device', devices: ['/dev/vdb'], class: 'ssd' },
      'pool-n2': { provider: 'holdfast.data', name: 'pool-n2', node: '${holdfast_node.n2.name}', kind: 'directory', path: '/srv/holdfast' },
      'slow-n2': { provider: 'holdfast.data', name: 'slow-n2', node: '${holdfast_node.n2.name}', kind: 'device', devices: ['/dev/vdc'], labels: { tier: 'slow' } },
    });
  });

  it('makes volumes when all pools are there, where they are wanted, protected unless they are disposable', () => {
    const common = { provider: 'holdfast.data', depends_on: ['holdfast_pool.pool-n1', 'holdfast_pool.pool-n2', 'holdfast_pool.slow-n2'] };
    expect(resources('holdfast_volume')).toEqual({
      web: { ...common, name: 'web', size: '1G', placement: { node: 'n2' }, deletion_protection: false, trash_retention: '0' },
      db: { ...common, name: 'db', size: '20G', class: 'ssd', placement: { zones: ['a'] } },
    });
  });

  it('names no key, only files', () => {
    expect(JSON.stringify(stack)).not.toMatch(/"private_key"|passphrase|PRIVATE/);
  });

  it('can begin at another node than the first in the list', () => {
    const { resource } = synth({ ...THREE, first: 'n2', volumes: [] });
    expect(resource?.['holdfast_cluster']?.['cluster']).toMatchObject({ node: { name: 'n2' } });
    expect(Object.keys(resource?.['holdfast_node'] ?? {})).toEqual(['n1', 'n3']);
  });
});

describe('the settings of the stack onprem', () => {
  const [n1, n2] = [{ name: 'n1', host: 'h1' }, { name: 'n2', host: 'h2' }];

  it('have defaults for everything but nodes and the administrator\'s files', () => {
    expect(onpremSettings({ nodes: [n1], admin: ADMIN })).toEqual({ cluster: 'onprem', first: 'n1', ssh: {}, admin: ADMIN, nodes: [{ ...n1, pools: [] }], volumes: [] });
  });

  it.each<[string, object]>([
    ['context.onprem.node is not known; there are cluster, ssh', { node: [] }],
    ['context.onprem.nodes has to be given: a list of objects', { admin: ADMIN }],
    ['context.onprem.admin has to be given', { nodes: [n1] }],
    ['context.onprem.admin.keyFile has to be given', { nodes: [n1], admin: { csrFile: 'x' } }],
    ['context.onprem.nodes[0].host has to be given', { nodes: [{ name: 'n1' }], admin: ADMIN }],
    ['context.onprem.nodes[0].roles has to be a list of "control" and "storage"', { nodes: [{ ...n1, roles: ['boss'] }], admin: ADMIN }],
    ['context.onprem.nodes[0].pools[0].size is not known', { nodes: [{ ...n1, pools: [{ size: 1 }] }], admin: ADMIN }],
    ['context.onprem.nodes[0].pools[0] has to have either devices or a path', { nodes: [{ ...n1, pools: [{ devices: [] }] }], admin: ADMIN }],
    ['two of the nodes of context.onprem have the name n1', { nodes: [n1, n1], admin: ADMIN }],
    ['two of the pools of context.onprem have the name a', { nodes: [{ ...n1, pools: [{ name: 'a', path: '/a' }] }, { ...n2, pools: [{ name: 'a', path: '/a' }] }], admin: ADMIN }],
    ['context.onprem.first is "n9", which is none of the nodes', { nodes: [n1], first: 'n9', admin: ADMIN }],
    ['the first node, n1, has to have the role "control"', { nodes: [{ ...n1, roles: ['storage'] }], admin: ADMIN }],
    ['2 of the nodes have the role "control"', { nodes: [n1, { ...n2, roles: BOTH }], admin: ADMIN }],
    ['context.onprem.package has to have either file or apt', { nodes: [n1], admin: ADMIN, package: {} }],
    ['context.onprem.ssh.password is not known', { nodes: [n1], admin: ADMIN, ssh: { password: 'x' } }],
    ['context.onprem.volumes[0].node is n9', { nodes: [n1], admin: ADMIN, volumes: [{ name: 'v', size: '1G', node: 'n9' }] }],
    ['"1 gig" is not a size', { nodes: [n1], admin: ADMIN, volumes: [{ name: 'v', size: '1 gig' }] }],
  ])('refuse: %s', (said, context) => {
    expect(() => onpremSettings(context)).toThrow(said);
  });
});
