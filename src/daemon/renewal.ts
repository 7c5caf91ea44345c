/**
 * The certificates of this node renew themselves: at two thirds of their life new keys are made, signed here or by a
 * control node, and put in place of the old ones as pairs. What uses the files sees them replaced. A failure is tried
 * again every hour, and becomes a condition when the end is near.
 */
import { X509Certificate } from 'node:crypto';
import { createClient } from '../client/client.ts';
import { expiryCondition, isRenewalDue, noteExpiry, type Lifetime } from '../control/expiry.ts';
import type { IdentityControl } from '../control/cluster-control.ts';
import type { Store } from '../control/ports/store.ts';
import type { Clock, Log } from '../control/ports/system.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { Caller } from '../model/identity.ts';
import type { Node } from '../model/node.ts';
import { loadPki, savePki } from '../security/pki.ts';
import { makeKeyAndRequest } from '../security/request.ts';
import { serialText } from '../security/x509.ts';

export interface RenewalSeams {
  readonly pki: string;
  readonly node: { readonly id: string; readonly name: string };
  /** Whether this node signs certificates itself. */
  readonly signs: boolean;
  readonly renew: IdentityControl['renewCertificate'];
  readonly nodes: () => readonly Node[];
  /** Called when new certificates are in place. */
  readonly onRenewed: () => Promise<void>;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const HOUR_MS = 3_600_000;

/** One look: renews what is due, and tells what is near its end. @returns whether new certificates are in place. */
export async function renewIfDue(seams: RenewalSeams): Promise<boolean> {
  const { pki, node, clock, log, store } = seams;
  const files = await loadPki(pki);
  const now = clock.now();
  const lifetimes = [files.node, files.store].flatMap((pem) => (pem === undefined ? [] : [lifetimeOf(pem)]));
  let failure = '';
  let renewed = false;
  if (lifetimes.some((life) => isRenewalDue(life, now))) {
    try {
      const [own, towardsStore] = await Promise.all([makeKeyAndRequest(node.name), makeKeyAndRequest(node.name)]);
      const answer = await ask(seams, files, { csr: own.csr, store_csr: towardsStore.csr });
      await savePki(pki, { node: answer.certificate, nodeKey: own.key, ...(answer.store_certificate === null ? {} : { store: answer.store_certificate, storeKey: towardsStore.key }) });
      renewed = true;
      await seams.onRenewed();
      log.info({ node: node.name }, 'the certificates of this node are renewed');
    } catch (error) {
      failure = asHoldfastError(error).message;
      log.warn({ node: node.name, err: failure }, 'the certificates of this node could not be renewed; it is tried again in an hour');
    }
  }
  const first = lifetimes.sort((a, b) => a.until - b.until)[0];
  await noteExpiry(store, node.id, renewed || first === undefined ? null : expiryCondition(first, now, node.name, failure));
  return renewed;
}

/** Looks at once and then every hour. @returns what ends it. */
export function beginRenewal(seams: RenewalSeams): () => Promise<void> {
  const ended = new AbortController();
  const running = (async () => {
    while (!ended.signal.aborted) {
      await renewIfDue(seams).catch((error: unknown) => seams.log.warn({ err: asHoldfastError(error).message }, 'the certificates of this node could not be looked at'));
      await seams.clock.sleep(HOUR_MS, ended.signal).catch(() => undefined);
    }
  })();
  return async () => {
    ended.abort();
    await running;
  };
}

async function ask(seams: RenewalSeams, files: Awaited<ReturnType<typeof loadPki>>, request: { readonly csr: string; readonly store_csr: string }): ReturnType<IdentityControl['renewCertificate']> {
  const { node, signs, renew, nodes } = seams;
  const caller: Caller = { kind: 'node', node: node.id, name: node.name, serial: serialText(new X509Certificate(files.node ?? '').serialNumber) };
  if (signs) return renew(request, caller);
  const able = nodes().filter(({ id, spec }) => id !== node.id && spec.roles.includes('control') && spec.address !== null);
  if (able.length === 0) throw new HoldfastError('unavailable', 'no control node is known', { object: `node ${node.name}` });
  const client = createClient({ endpoint: able.map(({ spec }) => `https://${spec.address ?? ''}`).join(','), agent: 'renewal', attempts: 2, tls: { ca: files.ca, cert: files.node, key: files.nodeKey } });
  try {
    return await client.certificates.renew(request);
  } finally {
    client.close();
  }
}

function lifetimeOf(pem: string): Lifetime {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return { from: validFromDate.getTime(), until: validToDate.getTime() };
}
