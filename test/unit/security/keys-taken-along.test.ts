import 'reflect-metadata';
import https from 'node:https';
import { createPublicKey, webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, PemConverter, X509Certificate, X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JoinAnswer } from '../../../src/control/cluster-control.ts';
import { formatCertificateUri } from '../../../src/model/identity.ts';
import { loadPki } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { certificatesOf, issue, readRequest, serialText, type Issuer } from '../../../src/security/x509.ts';
import { CLUSTER, createWorld, NODE, serveWorld, type ServedWorld, type World } from './cluster-of-certificates.ts';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const URI = formatCertificateUri({ cluster: CLUSTER, kind: 'client', role: 'admin', name: 'mallory' });

let world: World;
let served: ServedWorld;
beforeAll(async () => {
  world = await createWorld();
  served = await serveWorld(world);
});
afterAll(async () => {
  await served.end();
  world.end();
});

interface Control { readonly answer: JoinAnswer; readonly issuer: Issuer; readonly node: { readonly key: string; readonly cert: string } }

/** A control node joins, with an authority of its own. */
async function joined(name: string): Promise<Control> {
  const { token } = await world.identity.createToken({ grants: 'node', node_roles: ['control'] });
  const [own, store, issuer, storeIssuer] = await Promise.all([makeKeyAndRequest(name), makeKeyAndRequest(name), makeKeyAndRequest(name), makeKeyAndRequest(name)]);
  const answer = await world.identity.joinNode({
    token, name, roles: ['control'], zone: '', labels: {}, address: `${name}:7480`, machine_id: name, daemon_version: '0.1.0', now_ms: world.clock.now(),
    csr: own.csr, store_csr: store.csr, issuer_csr: issuer.csr, store_issuer_csr: storeIssuer.csr,
  });
  return { answer, issuer: { chain: answer.issuer ?? '', key: issuer.key }, node: { key: own.key, cert: answer.certificate } };
}

async function signed(issuer: Issuer, csr: string): Promise<string> {
  const { publicKey } = await readRequest(csr);
  return (await issue(issuer, publicKey, { kind: 'client', name: 'mallory', uri: URI, hosts: [] }, world.clock.now(), 3_600_000)).chain;
}

/** What `issue` makes, with a serial number of one's own choosing. */
async function withSerial(issuer: Issuer, csr: string, serial: string, ca: boolean): Promise<string> {
  const model = new X509Certificate(certificatesOf(await signed(issuer, csr))[0] ?? '');
  const above = new X509Certificate(certificatesOf(issuer.chain)[0] ?? '');
  const made = await X509CertificateGenerator.create({
    serialNumber: serial, subject: ca ? 'CN=between' : model.subject, issuer: above.subject, publicKey: await model.publicKey.export(), signingKey: await privateKey(issuer.key), signingAlgorithm: SIGNING,
    notBefore: model.notBefore, notAfter: model.notAfter, extensions: ca ? [new BasicConstraintsExtension(true, undefined, true)] : model.extensions,
  });
  return `${made.toString('pem')}\n${issuer.chain}`;
}

const privateKey = (pem: string): Promise<webcrypto.CryptoKey> => webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), ALGORITHM, true, ['sign']);

/** A root that nobody asked for, of the same key. */
async function selfSigned(key: string): Promise<string> {
  const publicKey = await webcrypto.subtle.importKey('spki', createPublicKey(key).export({ type: 'spki', format: 'der' }), ALGORITHM, true, ['verify']);
  const made = await X509CertificateGenerator.create({
    serialNumber: '0a', subject: 'CN=nobody', issuer: 'CN=nobody', publicKey, signingKey: await privateKey(key), signingAlgorithm: SIGNING,
    notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000), extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return made.toString('pem');
}

function statusOf(key: string, cert: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = https.get({ host: '127.0.0.1', port: served.port, path: '/v1/tokens', agent: false, ca: world.authority.ca, key, cert }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.on('error', reject);
  });
}

describe('the keys of a control node that was removed', () => {
  test('open nothing: not by what they sign, nor by serial numbers of others, nor by certificates thrown in between', async () => {
    const gone = await joined('n2');
    const { key, csr } = await makeKeyAndRequest('mallory');
    const before = await signed(gone.issuer, csr);
    expect(await statusOf(key, before)).toBe(200);
    const storage = await world.client('operator', 'alice');
    const stays = await joined('n3');

    await world.identity.revokeNode(gone.answer.node_id, 'a test');
    const own = certificatesOf(before)[0] ?? '';
    const serialOfOther = serialText(new X509Certificate(certificatesOf(stays.answer.issuer ?? '')[0] ?? '').serialNumber);
    const between = await makeKeyAndRequest('between');
    const authority = await withSerial(gone.issuer, between.csr, serialOfOther, true);
    const tries = {
      'what it signed before': before,
      'what it signs now': await signed(gone.issuer, csr),
      'the serial number of a client': await withSerial(gone.issuer, csr, storage.serial, false),
      'the serial number of an authority': await signed({ chain: authority, key: between.key }, csr),
      'a root of its own before its issuers': `${own}\n${await selfSigned(gone.issuer.key)}\n${gone.issuer.chain}`,
      'a root of its own after its issuers': `${own}\n${gone.issuer.chain}\n${await selfSigned(gone.issuer.key)}`,
      'somebody else\'s issuers before its own': `${own}\n${stays.issuer.chain}\n${gone.issuer.chain}`,
    };
    for (const [what, chain] of Object.entries(tries)) expect({ what, status: await statusOf(key, chain) }).toEqual({ what, status: 403 });
    const { key: good, csr: asked } = await makeKeyAndRequest('bob');
    expect(await statusOf(good, await signed(stays.issuer, asked))).toBe(200);
  });

  test('open nothing when it was the first node, whose authority is the root; what the cluster gave out goes on', async () => {
    const admin = await world.client('admin', 'carol');
    const stays = await joined('n4');
    await world.identity.revokeNode(NODE, 'a test');
    const pki = await loadPki(world.pki);
    const { key, csr } = await makeKeyAndRequest('mallory');
    expect(await statusOf(key, await signed({ chain: pki.issuer ?? '', key: pki.issuerKey ?? '' }, csr))).toBe(403);
    expect(await statusOf(admin.key, admin.cert)).toBe(200);
    expect(await statusOf(key, await signed(stays.issuer, csr))).toBe(200);
  });
});
