/** When a certificate is renewed, and when its end is a condition of its node. Pure but for writing that down. */
import type { Condition } from '../model/record.ts';
import type { Store } from './ports/store.ts';
import { changeNode } from './repository.ts';

export interface Lifetime {
  readonly from: number;
  readonly until: number;
}

const DAY_MS = 24 * 3_600_000;
export const WARN_BEFORE_MS = 14 * DAY_MS;
const CERTIFICATE_EXPIRING: Condition['type'] = 'CertificateExpiring';

/** At two thirds of its life. */
export const isRenewalDue = ({ from, until }: Lifetime, now: number): boolean => now >= from + ((until - from) * 2) / 3;

/** The condition in the last two weeks; null before. @param failure why it was not renewed; "" when that is not known. */
export function expiryCondition({ until }: Lifetime, now: number, node: string, failure: string): Condition | null {
  if (now < until - WARN_BEFORE_MS) return null;
  const end = new Date(until).toISOString();
  return {
    type: 'CertificateExpiring', since: new Date(now).toISOString(),
    message: `the certificate of node ${node} ${now >= until ? 'has expired' : 'expires'} at ${end}${failure === '' ? '' : `; it could not be renewed: ${failure}`}`,
    hint: 'It renews itself while holdfastd runs and reaches a control node. If it has expired: holdfast cluster token create --for node --replaces NAME, and converge the machine with it.',
  };
}

/** Puts the condition into the node's record, or takes it away. Writes only what is new. */
export async function noteExpiry(store: Store, nodeId: string, condition: Condition | null): Promise<void> {
  await changeNode(store, nodeId, (node) => {
    const before = node.status.conditions.find(({ type }) => type === CERTIFICATE_EXPIRING);
    if (before?.message === condition?.message) return node;
    const rest = node.status.conditions.filter(({ type }) => type !== CERTIFICATE_EXPIRING);
    return { ...node, status: { ...node.status, conditions: condition === null ? rest : [...rest, { ...condition, since: before?.since ?? condition.since }] } };
  });
}
