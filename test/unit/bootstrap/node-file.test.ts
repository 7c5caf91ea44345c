import { describe, expect, it } from '@jest/globals';
import { parseNodeFile, readWanted } from '../../../src/bootstrap/node-file.ts';
import { HoldfastError } from '../../../src/model/errors.ts';

const CSR = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';
const first = { name: 'n1', advertise: '10.77.0.11', cluster: { init: { name: 'prod', admin: { name: 'alice', csr: CSR } } } };
const faultOf = (value: unknown): string => {
  try {
    readWanted(value, '/etc');
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'invalid_argument') return error.message;
    throw error;
  }
  return 'no fault';
};

describe('node.json', () => {
  it('is completed with defaults: the first node of a cluster runs etcd and listens everywhere', () => {
    expect(readWanted(first, '/etc')).toEqual({
      name: 'n1', advertise: { host: '10.77.0.11', port: 7480 }, listen: { host: '0.0.0.0', port: 7480 }, zone: undefined, labels: undefined, roles: undefined, package: null,
      cluster: { by: 'init', name: 'prod', from_embedded: false, admin: { name: 'alice', csr: CSR } }, store: { kind: 'own' }, daemon: {}, pools: [],
    });
  });
  it('describes a single machine with a name alone', () => {
    expect(readWanted({ name: 'n1' }, '/')).toMatchObject({ advertise: null, listen: null, cluster: null, store: { kind: 'sqlite' } });
  });
  it('takes every key', () => {
    const wanted = readWanted({
      name: 'n2', advertise: 'n2.example:7500', listen: '10.0.0.2', zone: 'rack-1', labels: { disk: 'ssd' }, roles: ['storage', 'control'],
      package: { file: 'holdfast.deb', sha256: 'AB'.repeat(32) }, cluster: { join: { endpoints: ['10.0.0.1', 'https://[fd00::1]:7481/'], token_file: 'token' } },
      store: { kind: 'etcd', endpoints: ['https://e1:2379'], ca: 'ca.crt', cert: 'c.crt', key: '/k.key' }, daemon: { log_level: 'debug' },
      pools: [{ name: 'fast', devices: ['/dev/vdb'], class: 'ssd', overcommit: 1.5, labels: { a: 'b' } }, { name: 'bulk', path: '/srv/x' }],
    }, '/etc/holdfast');
    expect(wanted).toMatchObject({
      advertise: { host: 'n2.example', port: 7500 }, listen: { host: '10.0.0.2', port: 7480 }, roles: ['control', 'storage'],
      package: { from: 'file', file: '/etc/holdfast/holdfast.deb', sha256: 'ab'.repeat(32), downgrade: false },
      cluster: { by: 'join', endpoints: ['https://10.0.0.1:7480', 'https://[fd00::1]:7481'], token_file: '/etc/holdfast/token' },
      store: { kind: 'external', endpoints: ['https://e1:2379'], ca: '/etc/holdfast/ca.crt', cert: '/etc/holdfast/c.crt', key: '/k.key' },
      pools: [{ name: 'fast', path: null, devices: ['/dev/vdb'], class: 'ssd', overcommit: 1.5 }, { name: 'bulk', path: '/srv/x', devices: [] }],
    });
  });

  it.each([
    [{ nmae: 'n1' }, 'nmae: is not a key that is known here'],
    [{}, 'name: is missing'],
    [{ name: 'N1' }, 'name: "N1" is not a name for a node: it must begin with a small letter or a digit'],
    [{ name: 1 }, 'name: 1 is not a text'],
    [{ ...first, advertise: undefined }, 'advertise: is missing: nodes of a cluster reach each other'],
    [{ name: 'n1', advertise: 'a b' }, 'advertise: "a b" is not host or host:port'],
    [{ name: 'n1', advertise: '10.0.0.1:99999' }, 'advertise: "10.0.0.1:99999" is not host or host:port'],
    [{ name: 'n1', advertise: '0.0.0.0' }, 'advertise: is not an address that others can reach'],
    [{ name: 'n1', listen: 'eth0' }, 'listen: needs an IP address of this machine, or 0.0.0.0 for all'],
    [{ name: 'n1', roles: ['storage'] }, 'roles: "control" is missing: a single machine has it'],
    [{ name: 'n1', roles: ['control', 'boss'] }, 'roles[1]: "boss" is not one of control, storage'],
    [{ name: 'n1', labels: { disk: 1 } }, 'labels.disk: is not a text'],
    [{ name: 'n1', cluster: {} }, 'cluster: needs one of "init" and "join"'],
    [{ name: 'n1', advertise: 'h', cluster: { join: {} } }, 'cluster.join.endpoints: is missing'],
    [{ name: 'n1', advertise: 'h', cluster: { join: { endpoints: ['http://a'] } } }, 'cluster.join.endpoints[0]: is not https'],
    [{ name: 'n1', advertise: 'h', cluster: { join: { endpoints: ['a'], token: 'hft1.x' } } }, 'cluster.join.token: is not a key that is known here'],
    [{ name: 'n1', advertise: 'h', cluster: { join: { endpoints: ['a'] } }, store: { kind: 'sqlite' } }, 'store.kind: an embedded store is for one node alone'],
    [{ ...first, store: { kind: 'etcd', endpoints: ['a'] } }, 'store.ca: is missing: an etcd of your own needs "ca", "cert" and "key"'],
    [{ ...first, store: { kind: 'etcd', ca: 'x' } }, 'store.ca: goes with "endpoints"'],
    [{ ...first, cluster: { init: { name: 'p', admin: { csr: 'x' } } } }, 'cluster.init.admin.csr: is not a certificate request in PEM'],
    [{ name: 'n1', package: { file: 'x', apt: '1' } }, 'package: needs one of "file" and "apt"'],
    [{ name: 'n1', package: { apt: '0.1.0', sha256: 'x' } }, 'package.sha256: goes with "file": apt checks its packages itself'],
    [{ name: 'n1', pools: [{ name: 'a', path: '/x' }, { name: 'a', path: '/y' }] }, 'pools: "a" is named twice'],
    [{ name: 'n1', pools: [{ name: 'a' }] }, 'pools[0]: needs one of "path" and "devices"'],
    [{ name: 'n1', pools: [{ name: 'a', devices: ['vdb'] }] }, 'pools[0].devices[0]: "vdb" is not an absolute path'],
    [{ name: 'n1', daemon: { listen: 'x' } }, 'daemon.listen: follows from the other keys of node.json'],
  ])('%j is refused', (value, message) => {
    expect(faultOf(value)).toBe(message);
  });
  it('that is not JSON is refused with the place', () => {
    expect(() => parseNodeFile('{"name": "n1",}', '/')).toThrow(/node\.json is not JSON/);
  });
});
