/**
 * The directory of a node's keys and certificates: names, modes, and changes that are whole or not there after a crash.
 * It knows files, and that a certificate belongs to a key; what they say is not its business.
 */
import { createPrivateKey } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { parseCertificate } from './x509.ts';
import { syncDirectory } from './sync-directory.ts';

/** Files of the PKI directory. `*.key` are secrets, mode 0600. Chains begin with the certificate and end with the root. */
export const PKI_FILES = {
  ca: 'ca.crt', node: 'node.crt', nodeKey: 'node.key', issuer: 'issuer.crt', issuerKey: 'issuer.key',
  storeCa: 'store-ca.crt', store: 'store.crt', storeKey: 'store.key', storeIssuer: 'store-issuer.crt', storeIssuerKey: 'store-issuer.key',
} as const;
export type PkiFile = keyof typeof PKI_FILES;

/** Contents of the files that are there, PEM. */
export type Pki = { readonly [F in PkiFile]?: string };

const PAIRS: readonly (readonly [PkiFile, PkiFile])[] = [['node', 'nodeKey'], ['issuer', 'issuerKey'], ['store', 'storeKey'], ['storeIssuer', 'storeIssuerKey']];
const BESIDE = '.new';

export const pkiPath = (dir: string, file: PkiFile): string => path.join(dir, PKI_FILES[file]);

/**
 * What the directory holds; {} when it is not there. A replacement that a crash interrupted is finished first.
 * @throws failed_precondition when a key may be read by others than its owner.
 */
export async function loadPki(dir: string): Promise<Pki> {
  await finishReplacements(dir);
  const found: { [F in PkiFile]?: string } = {};
  for (const file of Object.keys(PKI_FILES) as PkiFile[]) {
    const text = await readIfThere(pkiPath(dir, file));
    if (text !== null) found[file] = text;
  }
  return found;
}

/**
 * Writes files: each whole and durable before the next. A certificate with its key is replaced as a pair: after a crash
 * `loadPki` finds the old or the new one, never a mixture. Others stay as they are.
 */
export async function savePki(dir: string, files: Pki): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const present = (Object.keys(files) as PkiFile[]).filter((file) => files[file] !== undefined);
  for (const file of present) await writeDurably(pkiPath(dir, file) + BESIDE, files[file] ?? '');
  await syncDirectory(dir);
  // Keys first: `finishReplacements` goes on from a key that is new and a certificate that still lies beside.
  for (const file of present.sort((a, b) => Number(b.endsWith('Key')) - Number(a.endsWith('Key')))) await rename(pkiPath(dir, file) + BESIDE, pkiPath(dir, file));
  await syncDirectory(dir);
}

/** Whether a private key belongs to the (first) certificate. */
export function keyFits(certificate: string, key: string): boolean {
  try {
    return parseCertificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function finishReplacements(dir: string): Promise<void> {
  for (const [certificate, key] of PAIRS) {
    const [newCertificate, newKey] = await Promise.all([readIfThere(pkiPath(dir, certificate) + BESIDE), readIfThere(pkiPath(dir, key) + BESIDE)]);
    const nowKey = await readIfThere(pkiPath(dir, key));
    if (newKey !== null && newCertificate !== null && keyFits(newCertificate, newKey)) {
      await rename(pkiPath(dir, key) + BESIDE, pkiPath(dir, key));
      await rename(pkiPath(dir, certificate) + BESIDE, pkiPath(dir, certificate));
    } else if (newKey === null && newCertificate !== null && nowKey !== null && keyFits(newCertificate, nowKey)) {
      await rename(pkiPath(dir, certificate) + BESIDE, pkiPath(dir, certificate));
    }
  }
  for (const file of Object.keys(PKI_FILES) as PkiFile[]) await rm(pkiPath(dir, file) + BESIDE, { force: true });
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    const handle = await open(file, 'r');
    try {
      if (file.replace(BESIDE, '').endsWith('.key') && ((await handle.stat()).mode & 0o077) !== 0) {
        throw new HoldfastError('failed_precondition', `${file} can be read by others than its owner`, { object: `key ${file}`, hint: `chmod 600 ${file}; if somebody may have read it, rotate it: holdfast cert rotate` });
      }
      return await readFile(handle, 'utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Mode 0600 from its first byte on. */
export async function writeDurably(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
