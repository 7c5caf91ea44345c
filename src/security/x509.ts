/**
 * Certificates and requests as bytes: makes and reads X.509 with ECDSA P-256 and SHA-256. It decides nobody's name and
 * touches no file.
 */
import 'reflect-metadata';
import { createHash, X509Certificate as ParsedCertificate, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, PemConverter, Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, SubjectKeyIdentifierExtension, AuthorityKeyIdentifierExtension, X509Certificate,
  X509CertificateGenerator, type Extension, type JsonGeneralName,
} from '@peculiar/x509';
import { HoldfastError } from '../model/errors.ts';

/** A certificate authority: its certificate with all above it (PEM, root last), and its private key (PEM, PKCS 8). */
export interface Issuer {
  readonly chain: string;
  readonly key: string;
}

/** What a request asks to be certified: only its key counts; names in it are ignored. */
export interface ReadRequest {
  readonly publicKey: webcrypto.CryptoKey;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly keySha256: string;
}

export type Subject =
  | { readonly kind: 'ca'; readonly name: string }
  | { readonly kind: 'server' | 'client'; readonly name: string; readonly uri?: string; readonly hosts: readonly string[] };

export interface Issued {
  /** PEM: the certificate, then its issuer's chain. */
  readonly chain: string;
  readonly serial: string;
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly sha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Certificates hold from a day before they were made: clocks of machines differ. */
export const BACKDATED_MS = 24 * 3_600_000;
const MAX_REQUEST_CHARS = 16_384;

export const sha256 = (data: string | Uint8Array | ArrayBuffer): string => createHash('sha256').update(typeof data === 'string' ? data : new Uint8Array(data)).digest('hex');

/** @returns a new private key, PEM of PKCS 8. */
export async function makeKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  return `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')}\n`;
}

/** @param keyPem ECDSA P-256, PEM of PKCS 8. @returns PEM. */
export async function makeRequest(keyPem: string, name: string): Promise<string> {
  const keys = await keyPair(keyPem);
  const request = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [name] }], keys, signingAlgorithm: SIGNING });
  return `${request.toString('pem')}\n`;
}

/** @throws invalid_argument for what is no request, is not signed by its own key, or has a weak key. */
export async function readRequest(pem: string, field = 'csr'): Promise<ReadRequest> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new HoldfastError('invalid_argument', `${field}: ${why}`, { object: 'certificate request', field, hint: 'Make one with: holdfast cert request --name NAME --key FILE --out FILE' }, { cause });
  };
  let request: Pkcs10CertificateRequest;
  try {
    if (pem.length > MAX_REQUEST_CHARS || !/^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\s\S]*-----END (NEW )?CERTIFICATE REQUEST-----\s*$/.test(pem)) return refuse('it is not a certificate request in PEM');
    request = new Pkcs10CertificateRequest(pem);
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    return refuse('it is not a certificate request', error);
  }
  const algorithm = request.publicKey.algorithm as { readonly name: string; readonly namedCurve?: string; readonly modulusLength?: number };
  const strong = (algorithm.name === 'ECDSA' && ['P-256', 'P-384', 'P-521'].includes(algorithm.namedCurve ?? '')) || algorithm.name === 'Ed25519' || (/^RSA|^RSASSA/.test(algorithm.name) && (algorithm.modulusLength ?? 0) >= 2048);
  if (!strong) return refuse(`its key is too weak or of an unknown kind (${algorithm.name}${algorithm.modulusLength === undefined ? '' : ` of ${algorithm.modulusLength} bits`}); ECDSA P-256 is meant to be used`);
  const signed = await request.verify().catch(() => false);
  if (!signed) return refuse('its signature does not fit its key');
  const publicKey: unknown = await request.publicKey.export();
  return { publicKey: publicKey as webcrypto.CryptoKey, keySha256: sha256(request.publicKey.rawData) };
}

/** A root: signed by itself. @param nowMs wall clock. */
export async function makeRoot(name: string, nowMs: number, ttlMs: number): Promise<Issuer> {
  const key = await makeKey();
  const keys = await keyPair(key);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(nowMs), subject: [{ CN: [name] }], issuer: [{ CN: [name] }], publicKey: keys.publicKey, signingKey: keys.privateKey, signingAlgorithm: SIGNING,
    notBefore: seconds(nowMs - BACKDATED_MS), notAfter: seconds(nowMs + ttlMs), extensions: [...authorityExtensions(), await SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return { chain: `${certificate.toString('pem')}\n`, key };
}

/** A certificate below `issuer`; it never outlives its issuer. @param ttlMs from now. */
export async function issue(issuer: Issuer, publicKey: webcrypto.CryptoKey, subject: Subject, nowMs: number, ttlMs: number): Promise<Issued> {
  const [above] = certificatesOf(issuer.chain);
  if (above === undefined) throw new HoldfastError('internal', 'an authority without a certificate');
  const parent = new X509Certificate(above);
  const notBefore = seconds(nowMs - BACKDATED_MS);
  const notAfter = seconds(Math.min(nowMs + ttlMs, parent.notAfter.getTime()));
  const { privateKey } = await keyPair(issuer.key);
  const serial = newSerial(nowMs);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial, subject: [{ CN: [subject.name] }], issuer: parent.subjectName.toJSON(), publicKey, signingKey: privateKey, signingAlgorithm: SIGNING, notBefore, notAfter,
    extensions: [
      ...(subject.kind === 'ca' ? authorityExtensions() : endExtensions(subject)),
      await SubjectKeyIdentifierExtension.create(publicKey), await AuthorityKeyIdentifierExtension.create(parent),
    ],
  });
  return { chain: `${certificate.toString('pem')}\n${issuer.chain}`, serial, sha256: sha256(certificate.rawData), notBefore, notAfter };
}

function authorityExtensions(): Extension[] {
  return [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true)];
}

function endExtensions(subject: Exclude<Subject, { kind: 'ca' }>): Extension[] {
  const names: JsonGeneralName[] = [
    ...(subject.uri === undefined ? [] : [{ type: 'url' as const, value: subject.uri }]),
    ...[...new Set(subject.hosts)].map((host) => ({ type: isIP(host) === 0 ? 'dns' as const : 'ip' as const, value: host })),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(subject.kind === 'server' ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth] : [ExtendedKeyUsage.clientAuth]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ];
}

/** The certificates of a PEM text, one by one, as PEM; [] when there are none. */
export const certificatesOf = (pem: string): string[] => pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];

/** SHA-256 of a certificate's DER, lower-case hex: what a join token pins. @throws invalid_argument when it is no certificate. */
export function fingerprint(pem: string): string {
  return sha256(parseCertificate(pem).raw);
}

/** @throws invalid_argument when it is no certificate. The first one of a chain is read. */
export function parseCertificate(pem: string): ParsedCertificate {
  try {
    return new ParsedCertificate(pem);
  } catch (error) {
    throw new HoldfastError('invalid_argument', 'what should be a certificate in PEM is none', { object: 'certificate' }, { cause: error });
  }
}

/** Serial numbers as they are recorded: lower-case hex, whole bytes. */
export function serialText(serial: string): string {
  const text = serial.toLowerCase();
  return text.length % 2 === 0 ? text : `0${text}`;
}

/** 6 bytes of time, 10 of randomness: positive, and in the order of making. */
function newSerial(nowMs: number): string {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(10))).toString('hex');
  return `${Math.max(1, nowMs).toString(16).padStart(12, '0')}${noise}`;
}

/** X.509 counts whole seconds. */
const seconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);

async function keyPair(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), ALGORITHM, true, ['sign']);
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await crypto.subtle.importKey('jwk', { crv, kty, x, y } as webcrypto.JsonWebKey, ALGORITHM, true, ['verify']);
  return { privateKey, publicKey };
}
