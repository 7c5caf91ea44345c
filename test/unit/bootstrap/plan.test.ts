import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, opensEyes, type Change } from '../../../src/bootstrap/change.ts';
import type { DaemonView, Facts } from '../../../src/bootstrap/facts.ts';
import { readWanted } from '../../../src/bootstrap/node-file.ts';
import { planConverge } from '../../../src/bootstrap/plan.ts';
import type { Wanted } from '../../../src/bootstrap/wanted.ts';
import { applied, bare, PATHS, poolOf } from './simulated.ts';

const CSR = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';
const first = readWanted({ name: 'n1', advertise: '10.0.0.1', zone: 'a', labels: { disk: 'ssd' }, cluster: { init: { name: 'prod', from_embedded: true, admin: { name: 'alice', csr: CSR } } }, pools: [{ name: 'fast', devices: ['/dev/vdb'] }] }, '/');
const second = readWanted({ name: 'n2', advertise: '10.0.0.2', roles: ['control', 'storage'], cluster: { join: { endpoints: ['10.0.0.1'] } } }, '/');
const single = readWanted({ name: 'n1', pools: [{ name: 'bulk', path: '/srv/x', class: 'hdd' }] }, '/');
const named = (changes: readonly Change[]): string[] => changes.map(keyOf);

/** Plans and carries out as converge does; `stopAfter` changes it is killed once, and begins again. */
function converge(wanted: Wanted, from: Facts, kept: { daemon: DaemonView | null } = { daemon: from.daemon }): { readonly facts: Facts; readonly done: Change[] } {
  let facts = from;
  const done: Change[] = [];
  for (let round = 0; round < 12; round += 1) {
    const plan = planConverge(wanted, facts, PATHS);
    if (plan.length === 0) return { facts, done };
    for (const change of plan) {
      facts = applied(wanted, facts, change, kept);
      done.push(change);
      if (opensEyes(change)) break;
    }
  }
  throw new Error(`no end: ${named(planConverge(wanted, facts, PATHS)).join(', ')}`);
}

describe('the plan', () => {
  it('of the first node makes identities, then its store, then the daemon, then what the daemon holds', () => {
    expect(named(converge(first, bare).done)).toEqual([
      'package etcd-server install', 'pki cluster prod create', 'etcd etcd.conf.yml create', 'service holdfast-etcd start', 'config holdfastd.json create', 'service holdfastd start',
      'node n1 update', 'pool fast create', 'pki certificate of alice create',
    ]);
  });
  it('of a control node that joins waits until its etcd member is a voter', () => {
    expect(named(converge(second, bare).done)).toEqual([
      'package etcd-server install', 'join n2 join', 'etcd etcd.conf.yml create', 'service holdfast-etcd start', 'config holdfastd.json create', 'service holdfastd start', 'etcd member n2 promote',
    ]);
  });
  it('shows all of it before anything is done', () => {
    expect(named(planConverge(first, bare, PATHS))).toContain('pool fast create');
    expect(named(planConverge(single, bare, PATHS))).toEqual(['config holdfastd.json create', 'service holdfastd start', 'pool bulk create']);
  });
  it('takes over the ids of the embedded store that moves to etcd', () => {
    const { facts } = converge(single, bare);
    const move = planConverge({ ...first, pools: [] }, facts, PATHS);
    expect(move.find(({ what }) => what === 'pki')?.step).toEqual({ do: 'init', cluster_id: 'clu_local', node_id: facts.daemon?.node.id });
    expect(move.find(({ what }) => what === 'service' )?.name).toBe('holdfast-etcd');
  });
  it('looks into an embedded store that nobody serves before it decides', () => {
    expect(named(planConverge(second, { ...bare, embedded_store: true, etcd_installed: true }, PATHS))).toEqual(['service holdfastd start']);
  });
  it('restarts the daemon when its configuration or its version is not the one that runs', () => {
    const { facts } = converge(single, bare);
    expect(named(planConverge({ ...single, daemon: { log_level: 'debug' } }, facts, PATHS))).toEqual(['config holdfastd.json update', 'service holdfastd restart']);
    const edited = { ...facts, services: { ...facts.services, holdfastd: { ...facts.services.holdfastd, config_sha256: 'another' } } };
    expect(named(planConverge(single, edited, PATHS))).toEqual(['service holdfastd restart']);
  });
  it('grows pools and changes their settings, and never takes anything away', () => {
    const { facts } = converge(first, bare);
    const grown = { ...first, pools: first.pools.map((pool) => ({ ...pool, devices: ['/dev/vdb', '/dev/vdc'], class: 'ssd' })) };
    expect(named(planConverge(grown, facts, PATHS))).toEqual(['pool fast grow', 'pool fast update']);
    expect(named(planConverge({ ...first, pools: [] }, facts, PATHS))).toEqual([]);
    expect(() => planConverge({ ...first, pools: first.pools.map((pool) => ({ ...pool, devices: ['/dev/vdc'] })) }, facts, PATHS)).toThrow(/devices are never taken out of a pool/);
  });
});

describe('it is refused', () => {
  const inCluster = converge(first, bare).facts;
  const alone = converge(single, bare).facts;
  it.each<[string, Wanted, Facts, RegExp]>([
    ['to join with volumes of one\'s own', second, alone, /holds 1 pool and 0 volumes of its own, which would not come along/],
    ['to forget what an embedded store holds', { ...first, cluster: { by: 'init', name: 'prod', from_embedded: false, admin: null } }, alone, /holds 1 pool/],
    ['to become a single machine again', single, inCluster, /is node n1 of cluster prod, and node.json describes a single machine/],
    ['to take another name', { ...first, name: 'n9' }, inCluster, /a node keeps its name/],
    ['to begin a second cluster', { ...first, cluster: { by: 'init', name: 'test', from_embedded: false, admin: null } }, inCluster, /a cluster keeps its name/],
    ['to join where one began', { ...second, name: 'n1' }, inCluster, /which began here/],
    ['to move to an address that its certificate does not hold for', { ...first, advertise: { host: '10.0.0.9', port: 7480 } }, inCluster, /does not hold for 10.0.0.9/],
    ['to leave etcd', { ...first, store: { kind: 'sqlite' } }, inCluster, /does not go back to an embedded one/],
    ['to change the role control', { ...second, roles: ['storage'] }, converge(second, bare).facts, /the role control is given when a node joins/],
    ['to make keys where somebody else\'s are', first, { ...bare, pki_obstacle: 'holds files (my.key)' }, /in which this machine would have its keys, holds files/],
    ['to spend a token where there can be no keys', second, { ...bare, pki_obstacle: 'is a symbolic link' }, /is a symbolic link/],
    ['to go back a version', { ...single, package: { from: 'apt', version: '0.1.0', downgrade: false } }, { ...alone, package: '0.2.0-1' }, /0.2.0-1 is installed, which is newer than 0.1.0/],
    ['to skip a minor version', { ...single, package: { from: 'apt', version: '0.3.0', downgrade: false } }, { ...alone, package: '0.1.4' }, /more than one minor version/],
  ])('%s', (_, wanted, facts, message) => {
    expect(() => planConverge(wanted, facts, PATHS)).toThrow(message);
  });
});

describe('whatever the machine is', () => {
  const wantedOf = fc.record({
    kind: fc.constantFrom('single', 'init', 'embedded-init', 'join', 'join-storage'), package: fc.constantFrom(null, '0.1.0', '0.2.0'), zone: fc.constantFrom(undefined, '', 'a'),
    labels: fc.constantFrom(undefined, {}, { a: 'b' }), pools: fc.subarray(['fast', 'bulk']), external: fc.boolean(),
  }).map(({ kind, package: version, zone, labels, pools, external }): Wanted => readWanted({
    name: 'n1', advertise: '10.0.0.1', ...(zone === undefined ? {} : { zone }), ...(labels === undefined ? {} : { labels }),
    ...(version === null ? {} : { package: { apt: version } }),
    ...(kind === 'single' ? {} : { cluster: kind.endsWith('init') ? { init: { name: 'prod', from_embedded: true, admin: { csr: CSR } } } : { join: { endpoints: ['h'] } } }),
    ...(kind === 'single' || kind === 'embedded-init' || !external ? (kind === 'embedded-init' ? { store: { kind: 'sqlite' } } : {}) : { store: { kind: 'etcd', endpoints: ['e'], ca: 'a', cert: 'b', key: 'c' } }),
    ...(kind === 'join' ? { roles: ['control', 'storage'] } : {}),
    pools: pools.map((name) => (name === 'fast' ? { name, devices: ['/dev/vdb', '/dev/vdc'] } : { name, path: '/srv/x', labels: { z: '1' } })),
  }, '/'));
  const machineOf = fc.record({ package: fc.constantFrom(null, '0.1.0', '0.1.9'), etcd_installed: fc.boolean(), joining: fc.boolean() });

  it('a plan that was carried out leaves nothing to do, wherever it was interrupted', () => {
    fc.assert(fc.property(wantedOf, machineOf, fc.nat(14), (wanted, machine, stop) => {
      fc.pre(!(wanted.package?.from === 'apt' && wanted.package.version === '0.1.0' && machine.package === '0.1.9'));
      const kept: { daemon: DaemonView | null } = { daemon: null };
      let facts: Facts = { ...bare, ...machine };
      let left = stop;
      for (let at = planConverge(wanted, facts, PATHS); at.length > 0 && left > 0; at = planConverge(wanted, facts, PATHS)) {
        for (const change of at) {
          facts = applied(wanted, facts, change, kept);
          left -= 1;
          if (left === 0 || opensEyes(change)) break;
        }
      }
      // Killed here, perhaps with the machine: processes are gone, files are not.
      if (stop % 2 === 1) facts = { ...facts, daemon: null, services: bare.services };
      const { facts: after, done } = converge(wanted, facts, kept);
      expect(named(planConverge(wanted, after, PATHS))).toEqual([]);
      expect(new Set(named(done)).size).toBe(done.length);
    }), { numRuns: 400 });
  });
  it('a new single machine with pools that were there before finds them, and makes none twice', () => {
    const { facts } = converge(single, bare);
    const down: Facts = { ...facts, daemon: null, services: bare.services };
    expect(named(planConverge(single, down, PATHS))).toEqual(['service holdfastd start']);
    expect(poolOf('bulk', '/srv/x', []).spec.kind).toBe('directory');
  });
});
