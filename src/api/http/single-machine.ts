/** What a machine without a cluster says to the use cases of one: that they need a cluster. It decides nothing else. */
import type { ClusterControl } from '../../control/cluster-control.ts';
import type { Control } from '../../control/control.ts';
import { HoldfastError } from '../../model/errors.ts';

type OfCluster = Exclude<keyof ClusterControl, keyof Control>;

const refusal = async (): Promise<never> => {
  throw new HoldfastError('failed_precondition', 'this daemon runs on a single machine, without a cluster', { object: 'cluster', hint: 'Make a cluster of it: holdfast cluster init --help' });
};

const REFUSED: { readonly [M in OfCluster]: ClusterControl[M] } = {
  updateNode: refusal, nodeHoldings: refusal, drainNode: refusal, undrainNode: refusal, removeNode: refusal,
  listMembers: async () => [],
  createToken: refusal, listTokens: refusal, removeToken: refusal, joinNode: refusal, joinClient: refusal,
  signClient: refusal, renewCertificate: refusal, listCertificates: refusal, revokeCertificate: refusal, isRevoked: () => false,
  listAudit: async () => ({ items: [], next: null }),
};

/** The same control, whole. */
export function completed(control: Control & Partial<ClusterControl>): ClusterControl {
  const missing = (Object.keys(REFUSED) as OfCluster[]).filter((method) => typeof control[method] !== 'function');
  if (missing.length === 0) return control as ClusterControl;
  return Object.assign(Object.create(control) as ClusterControl, Object.fromEntries(missing.map((method) => [method, REFUSED[method]])));
}
