/** Certificates for https, as they were given: PEM or files. Loaded only by who speaks https. */
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { createSecureContext } from 'node:tls';
import { HoldfastError } from '../model/errors.ts';
import type { TlsOptions } from './transport.ts';

export { https };

/** @throws invalid_argument naming what is missing, unreadable or does not belong together. Repeats nothing of a key. */
export async function secureContext(tls: TlsOptions): Promise<{ readonly ca?: string; readonly cert?: string; readonly key?: string }> {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const missing = tls.cert === undefined ? 'cert' : 'key';
    throw new HoldfastError('invalid_argument', `${missing}: a certificate and its key are given together`, { object: 'certificates', field: missing, hint: 'Give --cert and --key (HOLDFAST_CERT_FILE, HOLDFAST_KEY_FILE).' });
  }
  const [ca, cert, key] = await Promise.all([pemOf('ca', tls.ca), pemOf('cert', tls.cert), pemOf('key', tls.key)]);
  const given = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  try {
    createSecureContext(given);
  } catch (cause) {
    const mixed = (cause as NodeJS.ErrnoException).code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
    throw new HoldfastError('invalid_argument', mixed ? 'the certificate and the key do not belong together' : 'the certificates cannot be used', { object: 'certificates', field: mixed ? 'key' : 'cert', hint: 'Give the key that the certificate was asked for with, and PEM everywhere.' }, { cause });
  }
  return given;
}

const WHAT = { ca: 'root certificate', cert: 'certificate', key: 'private key' } as const;

async function pemOf(field: keyof typeof WHAT, given: string | undefined): Promise<string | undefined> {
  if (given === undefined || given.includes('-----BEGIN ')) return given;
  let text: string;
  try {
    text = await readFile(given, 'utf8');
  } catch (cause) {
    throw new HoldfastError('invalid_argument', `the ${WHAT[field]} cannot be read from ${given}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { object: 'certificates', field, hint: `Check the path (--${field}, HOLDFAST_${field.toUpperCase()}_FILE) and its permissions.` }, { cause });
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new HoldfastError('invalid_argument', `${given} holds no ${WHAT[field]} in PEM`, { object: 'certificates', field });
}
