// The order in which jest takes up test files: those that take longest first, so that no worker is left with one of them
// at the end. The names and figures need not be right, nor complete; they only decide how long a run takes.
import { statSync } from 'node:fs';
import Sequencer from '@jest/test-sequencer';

/** Seconds, roughly; a file that is not named counts as short, the larger the longer. */
const SLOW = {
  'integration/packaging/systemd': 240,
  'integration/packaging/install': 90, // it makes the packages for all
  'integration/store-etcd/faults': 80,
  'integration/bootstrap/bare': 66,
  'integration/daemon/crash': 60,
  'integration/provider-bootstrap/nodes': 50,
  'integration/provider-bootstrap/mending': 25,
  'integration/lab/power': 45,
  'integration/store-etcd/members': 33,
  'integration/bootstrap/cluster': 32,
  'integration/store-etcd/watching': 32,
  'integration/lab/bare': 25,
  'integration/provider-framework/lifecycle': 22,
  'integration/daemon/surprises': 22,
  'integration/bootstrap/killed': 21,
  'integration/store-etcd/limits': 20,
  'integration/api/rest': 20,
  'integration/store-etcd/leases': 20,
  'e2e/onprem/onprem': 170,
  'e2e/readme/cluster': 165,
  'e2e/cookbook/cookbook': 160,
  'e2e/terraform-cluster/life': 150,
  'e2e/terraform/planned': 140,
  'e2e/cluster/faults': 120,
  'e2e/terraform-cluster/one-apply': 118,
  'e2e/docker/survival': 110, // those of Docker wait for each other: far apart
  'e2e/terraform/interrupted': 90,
  'e2e/cluster/joining': 82,
  'e2e/onprem/user-data': 65,
  'e2e/cli/cli': 55,
  'e2e/terraform/adoption': 50,
  'e2e/docker/volumes': 48,
  'e2e/terraform/import': 37,
  'e2e/cdktf': 37,
  'e2e/terraform/replacement': 36,
  'e2e/cluster/upgrade': 36,
  'e2e/terraform/protection': 35,
  'e2e/terraform/size': 34,
  'e2e/docker/hostile': 21,
  'e2e/cluster/clients': 20,
  'e2e/readme/tour': 10,
};

const TestSequencer = Sequencer.default ?? Sequencer;

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const seconds = ({ path: file }) => SLOW[/test\/(.*)\.test\.ts$/.exec(file)?.[1] ?? ''] ?? statSync(file).size / 2 ** 20;
    return [...tests].sort((a, b) => seconds(b) - seconds(a));
  }
}
