import { mkdtempSync, rmSync, statSync, readdirSync, writeFileSync, renameSync, chmodSync } from 'node:fs';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatCertificateUri, parseCertificateUri, ROLES, type CertificateUri } from '../../../src/model/identity.ts';
import { createClusterPki, keyFits, loadPki, openAuthority, pkiPath, savePki } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { createTokenCodec, formatToken, parseToken, pinFits } from '../../../src/security/token.ts';
import { fingerprint, makeRoot } from '../../../src/security/x509.ts';
import { CLUSTER, NODE } from './cluster-of-certificates.ts';

const DAY_MS = 86_400_000;
let dir: string;
beforeEach(() => { dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-pki-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const first = { cluster_id: CLUSTER, cluster_name: 'prod', node_id: NODE, node_name: 'n1', address: '10.0.0.1:7480' };

const ulid = fc.array(fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'), { minLength: 26, maxLength: 26 }).map((letters) => letters.join('').replace(/^[^0-7]/, '0'));
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);

describe('what certificates and tokens say', () => {
  test('a subject is read back as it was written, whatever it is', () => {
    const uri: fc.Arbitrary<CertificateUri> = fc.oneof(
      fc.record({ cluster: ulid.map((id) => `clu_${id}`), kind: fc.constant('client' as const), role: fc.constantFrom(...ROLES), name }),
      fc.record({ cluster: ulid.map((id) => `clu_${id}`), kind: fc.constant('node' as const), node: ulid.map((id) => `node_${id}`), name }),
    );
    fc.assert(fc.property(uri, (one) => { expect(parseCertificateUri(formatCertificateUri(one))).toEqual(one); }));
  });

  test('no other text is a subject: what is read is written the same', () => {
    const pieces = fc.array(fc.oneof(fc.constantFrom('holdfast://', CLUSTER, '/client/', '/node/', NODE, 'admin', '/', 'n1', '%2f', '..', ' ', '\n', '\0', 'Ａ'), fc.string({ maxLength: 4 })), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(fc.property(pieces, (text) => {
      const uri = parseCertificateUri(text);
      if (uri !== null) expect(formatCertificateUri(uri)).toBe(text);
    }), { numRuns: 2_000 });
    for (const text of [`holdfast://${CLUSTER}/client/root/x`, `holdfast://${CLUSTER}/client/admin/x/`, `holdfast://${CLUSTER}/client/admin/x\n`, `HOLDFAST://${CLUSTER}/client/admin/x`, `holdfast://${CLUSTER}/client/admin/../x`, `holdfast://${CLUSTER}/client/node/${NODE}`]) expect(parseCertificateUri(text)).toBeNull();
  });

  test('a token is read back as it was written; any other text is refused without being repeated', () => {
    const token = fc.record({ id: ulid.map((id) => `tok_${id}`), secret: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/), caSha256: fc.stringMatching(/^[0-9a-f]{64}$/) });
    fc.assert(fc.property(token, (one) => { expect(parseToken(` ${formatToken(one)}\n`)).toEqual(one); }));
    fc.assert(fc.property(token, fc.nat(140), fc.string({ minLength: 1, maxLength: 1 }), (one, at, letter) => {
      const text = formatToken(one);
      const changed = text.slice(0, at) + letter + text.slice(at + 1);
      try {
        expect(formatToken(parseToken(changed))).toBe(changed.trim());
      } catch (error) {
        expect(String((error as Error).message)).not.toContain(one.secret.slice(0, 10));
      }
    }), { numRuns: 1_000 });
  });

  test('a minted token is known again by its hash only, and pins its cluster', async () => {
    const root = await makeRoot('a', Date.now(), DAY_MS);
    const codec = createTokenCodec(fingerprint(root.chain));
    const { token, secret_sha256 } = codec.mint('tok_01JD9Z3QK7W5T8X2M4N6P0R1SA');
    expect(codec.read(token)).toEqual({ id: 'tok_01JD9Z3QK7W5T8X2M4N6P0R1SA', secret_sha256, of_this_cluster: true });
    expect(pinFits(root.chain, parseToken(token))).toBe(true);
    expect(pinFits((await makeRoot('a', Date.now(), DAY_MS)).chain, parseToken(token))).toBe(false);
    expect(pinFits('', parseToken(token))).toBe(false);
  });
});

describe('the PKI directory', () => {
  test('is made once, for its owner only; again, nothing changes', async () => {
    expect(await createClusterPki(dir, first)).toBe(true);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(dir)) expect({ file, mode: statSync(path.join(dir, file)).mode & 0o777 }).toEqual({ file, mode: 0o600 });
    const before = await loadPki(dir);
    expect(await createClusterPki(dir, first)).toBe(false);
    expect(await loadPki(dir)).toEqual(before);
    const days = (pem: string): number => Math.round((new X509Certificate(pem).validToDate.getTime() - Date.now()) / DAY_MS);
    expect([days(before.ca ?? ''), days(before.node ?? '')]).toEqual([20 * 365, 365]);
    expect(new X509Certificate(before.node ?? '').validFromDate.getTime()).toBeLessThanOrEqual(Date.now() - DAY_MS);
  });

  test('is completed where a crash left parts', async () => {
    await createClusterPki(dir, first);
    const whole = await loadPki(dir);
    for (const file of ['node', 'storeKey'] as const) rmSync(pkiPath(dir, file));
    expect(await createClusterPki(dir, first)).toBe(true);
    const mended = await loadPki(dir);
    expect(mended.ca).toBe(whole.ca);
    for (const [certificate, key] of [['node', 'nodeKey'], ['store', 'storeKey'], ['issuer', 'issuerKey']] as const) expect(keyFits(mended[certificate] ?? '', mended[key] ?? '')).toBe(true);
  });

  test('replaces a certificate and its key together: after a crash anywhere in between both are old or both new', async () => {
    await createClusterPki(dir, first);
    const old = await loadPki(dir);
    const authority = await openAuthority(dir);
    const { key, csr } = await makeKeyAndRequest('n1');
    const { chain } = await authority.sign(csr, { cluster: CLUSTER, kind: 'node', node: NODE, name: 'n1' }, { hosts: ['n1'], ttl_ms: DAY_MS });
    const [node, nodeKey] = [pkiPath(dir, 'node'), pkiPath(dir, 'nodeKey')];
    const beside = (file: string, text: string): void => { writeFileSync(`${file}.new`, text, { mode: 0o600 }); };
    const states: readonly (readonly [string, () => void, 'old' | 'new'])[] = [
      ['the key lies beside', () => beside(nodeKey, key), 'old'],
      ['the certificate lies beside', () => beside(node, chain), 'old'],
      ['half a certificate lies beside', () => { beside(nodeKey, key); beside(node, chain.slice(0, 100)); }, 'old'],
      ['both lie beside', () => { beside(nodeKey, key); beside(node, chain); }, 'new'],
      ['the key is in place', () => { beside(nodeKey, key); beside(node, chain); renameSync(`${nodeKey}.new`, nodeKey); }, 'new'],
      ['both are in place', () => { beside(nodeKey, key); beside(node, chain); renameSync(`${nodeKey}.new`, nodeKey); renameSync(`${node}.new`, node); }, 'new'],
    ];
    for (const [what, crash, expected] of states) {
      await savePki(dir, { node: old.node ?? '', nodeKey: old.nodeKey ?? '' });
      crash();
      const found = await loadPki(dir);
      expect({ what, pair: found.nodeKey === key ? 'new' : 'old', fits: keyFits(found.node ?? '', found.nodeKey ?? ''), left: readdirSync(dir).filter((file) => file.endsWith('.new')) }).toEqual({ what, pair: expected, fits: true, left: [] });
    }
  });

  test('with a key that others can read is not used', async () => {
    await createClusterPki(dir, first);
    chmodSync(pkiPath(dir, 'issuerKey'), 0o644);
    await expect(openAuthority(dir)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/issuer.key can be read by others/) });
  });

  test('without an issuer signs nothing', async () => {
    await expect(openAuthority(dir)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/holds no certificate authority/) });
  });
});

describe('a certificate request', () => {
  test('that is malformed, weak or not signed by its key is refused', async () => {
    await createClusterPki(dir, first);
    const authority = await openAuthority(dir);
    const { csr } = await makeKeyAndRequest('x');
    const middle = csr.split('\n');
    const bytes = Buffer.from(middle.slice(1, -2).join(''), 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
    const weak = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 1024 };
    const weakRequest = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=x', keys: await crypto.subtle.generateKey(weak, true, ['sign', 'verify']), signingAlgorithm: weak });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const [text, words] of [['', /not a certificate request/], ['x'.repeat(20_000), /not a certificate request/], [String(publicKey.export({ type: 'spki', format: 'pem' })), /not a certificate request/], [forged, /signature does not fit|not a certificate request/], [weakRequest.toString('pem'), /too weak/]] as const) {
      await expect(authority.keyOf(text)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(words) });
    }
    expect(await authority.keyOf(csr)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('gives only what the authority writes: names and rights in the request are ignored', async () => {
    await createClusterPki(dir, first);
    const authority = await openAuthority(dir);
    const { csr } = await makeKeyAndRequest('root');
    const { chain } = await authority.sign(csr, { cluster: CLUSTER, kind: 'client', role: 'read-only', name: 'guest' }, { hosts: [], ttl_ms: DAY_MS });
    const certificate = new X509Certificate(chain);
    expect(certificate.subject).toBe('CN=guest');
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.subjectAltName).toBe(`URI:holdfast://${CLUSTER}/client/read-only/guest`);
  });
});
