// Certificates for tests on loopback, made by openssl: an authority, and one certificate that serves as server,
// peer and client at once. Valid for a day; worth nothing elsewhere.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface TestCertificates {
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Writes `ca.crt`, `test.crt` and `test.key` into an existing directory. @param names of the server, beside localhost. */
export function makeCertificates(dir: string, names: readonly string[] = []): TestCertificates {
  const at = (name: string): string => path.join(dir, name);
  const openssl = (...words: readonly string[]): unknown => execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-days', '1', '-subj', '/CN=test authority', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  openssl('req', '-new', ...newKey, '-keyout', at('test.key'), '-out', at('test.csr'), '-subj', '/CN=test');
  writeFileSync(at('test.ext'), `subjectAltName=IP:127.0.0.1,DNS:localhost${names.map((name) => `,DNS:${name}`).join('')}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  openssl('x509', '-req', '-in', at('test.csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '1', '-extfile', at('test.ext'), '-out', at('test.crt'));
  const files = { ca: at('ca.crt'), cert: at('test.crt'), key: at('test.key') };
  return { ca: readFileSync(files.ca, 'utf8'), cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8'), files };
}
