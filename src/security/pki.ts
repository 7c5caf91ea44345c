/**
 * The certificate authorities of a cluster: two roots (the API's and the control store's), the intermediate ones of its
 * control nodes, and signing with the one that lies on this machine. Keys are made where they are used and stay there.
 */
import type { Authority, Signed } from '../control/ports/authority.ts';
import { HoldfastError } from '../model/errors.ts';
import { formatCertificateUri, hostsOf } from '../model/identity.ts';
import { keyFits, loadPki, savePki, type Pki } from './pki-directory.ts';
import { makeKeyAndRequest } from './request.ts';
import { certificatesOf, fingerprint, issue, makeRoot, parseCertificate, readRequest, serialText, type Issued, type Issuer } from './x509.ts';

export { keyFits, loadPki, pkiPath, PKI_FILES, savePki, type Pki, type PkiFile } from './pki-directory.ts';
export type { Issuer } from './x509.ts';

const DAY_MS = 24 * 3_600_000;
export const ROOT_TTL_MS = 20 * 365 * DAY_MS;
export const ISSUER_TTL_MS = 10 * 365 * DAY_MS;
export const NODE_TTL_MS = 365 * DAY_MS;

/** A new root. @param name for people, such as `holdfast prod`. */
export const createRoot = (name: string, nowMs: number = Date.now()): Promise<Issuer> => makeRoot(name, nowMs, ROOT_TTL_MS);

/** A certificate that makes the key of a request an authority below `parent`. @throws invalid_argument for a bad request. */
export async function createIssuer(parent: Issuer, csr: string, name: string, nowMs: number = Date.now()): Promise<Signed> {
  const { publicKey, keySha256 } = await readRequest(csr, 'issuer_csr');
  return signed(await issue(parent, publicKey, { kind: 'ca', name }, nowMs, ISSUER_TTL_MS), keySha256);
}

export interface FirstNode {
  readonly cluster_id: string;
  readonly cluster_name: string;
  readonly node_id: string;
  readonly node_name: string;
  /** `host:port`. */
  readonly address: string;
}

/**
 * Everything that the first node of a cluster needs, in its PKI directory: both roots, which are its issuers, and its own
 * certificates. What is there already stays; so an interrupted call is repeated, and a finished one changes nothing.
 * @returns whether anything was written.
 */
export async function createClusterPki(dir: string, node: FirstNode, nowMs: number = Date.now()): Promise<boolean> {
  const before = await loadPki(dir);
  const add: { -readonly [F in keyof Pki]: string } = {};
  const has = (pair: readonly [keyof Pki, keyof Pki]): boolean => before[pair[0]] !== undefined && before[pair[1]] !== undefined && keyFits(before[pair[0]] ?? '', before[pair[1]] ?? '');
  for (const [ca, certificate, key, name] of [['ca', 'issuer', 'issuerKey', 'holdfast'], ['storeCa', 'storeIssuer', 'storeIssuerKey', 'holdfast store']] as const) {
    if (has([certificate, key])) continue;
    const root = await createRoot(`${name} ${node.cluster_name} ${node.cluster_id}`, nowMs);
    add[ca] = add[certificate] = root.chain;
    add[key] = root.key;
  }
  if (Object.keys(add).length > 0) await savePki(dir, add);
  const authority = await openAuthority(dir, () => nowMs);
  const fresh = (file: 'node' | 'store', ca: string): boolean => certificatesOf(before[file] ?? '').at(-1) === certificatesOf(ca)[0];
  const own: { -readonly [F in keyof Pki]: string } = {};
  const hosts = hostsOf(node.node_name, node.address);
  if (!has(['node', 'nodeKey']) || !fresh('node', authority.ca)) {
    const { key, csr } = await makeKeyAndRequest(node.node_name);
    own.node = (await authority.sign(csr, { cluster: node.cluster_id, kind: 'node', node: node.node_id, name: node.node_name }, { hosts, ttl_ms: NODE_TTL_MS })).chain;
    own.nodeKey = key;
  }
  if (!has(['store', 'storeKey']) || !fresh('store', authority.storeCa)) {
    const { key, csr } = await makeKeyAndRequest(node.node_name);
    own.store = (await authority.signStore(csr, node.node_name, { hosts, ttl_ms: NODE_TTL_MS })).chain;
    own.storeKey = key;
  }
  if (Object.keys(own).length > 0) await savePki(dir, own);
  return Object.keys(add).length + Object.keys(own).length > 0;
}

/**
 * The authority of this machine. @param now wall clock, ms.
 * @throws failed_precondition when the directory holds no issuer: only nodes with the role control have one.
 */
export async function openAuthority(dir: string, now: () => number = Date.now): Promise<Authority> {
  const pki = await loadPki(dir);
  const issuer = issuerOf(pki, 'issuer', 'issuerKey', dir);
  const storeIssuer = issuerOf(pki, 'storeIssuer', 'storeIssuerKey', dir);
  const ca = rootOf(issuer.chain);
  const storeCa = rootOf(storeIssuer.chain);
  return {
    ca, storeCa, caSha256: fingerprint(ca), issuer: issuerLink(issuer.chain),
    async sign(csr, uri, { hosts, ttl_ms }) {
      const { publicKey, keySha256 } = await readRequest(csr);
      return signed(await issue(issuer, publicKey, { kind: uri.kind === 'node' ? 'server' : 'client', name: uri.name, uri: formatCertificateUri(uri), hosts }, now(), ttl_ms), keySha256);
    },
    async signStore(csr, nodeName, { hosts, ttl_ms }) {
      const { publicKey, keySha256 } = await readRequest(csr, 'store_csr');
      return signed(await issue(storeIssuer, publicKey, { kind: 'server', name: nodeName, hosts }, now(), ttl_ms), keySha256);
    },
    signIssuer: (csr, nodeName, domain) => createIssuer(domain === 'cluster' ? issuer : storeIssuer, csr, `holdfast ${domain === 'cluster' ? '' : 'store '}issuer ${nodeName}`, now()),
    keyOf: async (csr) => (await readRequest(csr)).keySha256,
  };
}

function issuerLink(chain: string): Authority['issuer'] {
  const certificate = parseCertificate(chain);
  return { serial: serialText(certificate.serialNumber), sha256: fingerprint(chain), not_after: certificate.validToDate.toISOString() };
}

const rootOf = (chain: string): string => `${certificatesOf(chain).at(-1) ?? ''}\n`;

function issuerOf(pki: Pki, certificate: 'issuer' | 'storeIssuer', key: 'issuerKey' | 'storeIssuerKey', dir: string): Issuer {
  const [chain, secret] = [pki[certificate], pki[key]];
  if (chain === undefined || secret === undefined) throw new HoldfastError('failed_precondition', `${dir} holds no certificate authority`, { object: `directory ${dir}`, hint: 'Only nodes with the role control sign certificates.' });
  if (!keyFits(chain, secret)) throw new HoldfastError('failed_precondition', `the certificate authority in ${dir} has a key that is not its own`, { object: `directory ${dir}`, hint: 'Put the former files back, or join the node anew.' });
  return { chain, key: secret };
}

const signed = (issued: Issued, keySha256: string): Signed => ({ chain: issued.chain, serial: issued.serial, sha256: issued.sha256, not_before: issued.notBefore.toISOString(), not_after: issued.notAfter.toISOString(), key_sha256: keySha256 });
