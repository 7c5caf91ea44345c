/** A key that never leaves its machine, and the request that asks for a certificate for it. */
import { checkName } from '../model/name.ts';
import { makeKey, makeRequest } from './x509.ts';

export interface KeyAndRequest {
  /** PEM of PKCS 8, ECDSA P-256: a secret. */
  readonly key: string;
  /** PEM of PKCS 10. */
  readonly csr: string;
}

/**
 * @param name of the node or client; goes into the request for people to read: an authority takes the key only.
 * @param key an existing key of this kind; default: a new one.
 * @throws invalid_argument for a bad name or key.
 */
export async function makeKeyAndRequest(name: string, key?: string): Promise<KeyAndRequest> {
  checkName('certificate', name);
  const made = key ?? await makeKey();
  return { key: made, csr: await makeRequest(made, name) };
}
