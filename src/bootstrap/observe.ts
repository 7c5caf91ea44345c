/** Looks at the machine and tells the facts. It changes nothing at all, and asks nobody but this machine. */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command.ts';
import type { Door } from './door.ts';
import { etcdIsSettled } from './etcd-package.ts';
import type { Facts, Membership, ServiceName, ServiceView } from './facts.ts';
import { readIfThere, readObject } from './files.ts';
import { adminFile, type Places } from './places.ts';
import { offeredBy } from './package-file.ts';
import { isAlive } from './process-mark.ts';
import type { Services } from './services.ts';
import { parseSettings } from './settings.ts';
import type { Wanted } from './wanted.ts';

export interface Machine {
  readonly places: Places;
  readonly services: Services;
  readonly door: Door;
}

export async function observe(wanted: Wanted, { places, services, door }: Machine): Promise<Facts> {
  const noted = await readObject(places.packageNote);
  const installedFile = typeof noted?.['version'] === 'string' && typeof noted['sha256'] === 'string' ? { version: noted['version'], sha256: noted['sha256'] } : null;
  const membership = await readMembership(places);
  const [debian, configText, etcdText, node, holdfastd, etcd, daemon, admin, obstacle] = await Promise.all([
    wanted.package === null && places.root !== '/' ? null : packageVersion(places),
    readIfThere(places.config), readIfThere(places.etcdConfig), readIfThere(path.join(places.pki, 'node.crt')),
    viewOf('holdfastd', places.daemonNote, services), viewOf('holdfast-etcd', places.etcdNote, services),
    door.look(membership), adminOf(wanted, places), membership === null ? pkiObstacle(places.pki) : null,
  ]);
  const installed = debian ?? (existsSync(path.join(places.archiveHome, 'bin/holdfastd')) ? installedFile?.version ?? null : null);
  return {
    now: Date.now(), machine_id: (await readIfThere('/etc/machine-id') ?? '').trim(),
    package: installed, offered: await offeredBy(wanted.package, installed, installedFile), installed_file: installedFile,
    etcd_installed: (places.root !== '/' || await etcdIsSettled()) && ['/usr/bin/etcd', '/usr/local/bin/etcd', ...(process.env['PATH'] ?? '').split(':').map((directory) => path.join(directory, 'etcd'))].some(existsSync),
    membership, pki_obstacle: obstacle, certificate: node === null ? null : certificateOf(node), joining: existsSync(places.pkiJoining),
    config: configText === null ? null : { settings: parseSettings(configText) ?? {}, sha256: sha256(configText) },
    etcd_config: etcdText === null ? null : { settings: parseSettings(etcdText) ?? {}, sha256: sha256(etcdText) },
    embedded_store: existsSync(places.embeddedStore),
    services: { holdfastd, 'holdfast-etcd': etcd }, daemon, admin,
  };
}

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

export async function readMembership(places: Places): Promise<Membership | null> {
  return await readObject(places.membership) as Membership | null;
}

/** The directory of keys is put into its place whole, so nothing of somebody else's may be there. */
async function pkiObstacle(pki: string): Promise<string | null> {
  const [there, above] = await Promise.all([pki, path.dirname(pki)].map((place) => lstat(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  })));
  if (there === null || there === undefined) return null;
  if (there.isSymbolicLink()) return 'is a symbolic link';
  if (!there.isDirectory()) return 'is not a directory';
  if (there.dev !== above?.dev) return 'is a mount point';
  const files = await readdir(pki);
  return files.length === 0 ? null : `holds files (${files.slice(0, 4).join(', ')}) and no membership.json that can be read: it is not known whose they are`;
}

async function packageVersion({ root }: Places): Promise<string | null> {
  if (root !== '/') return null;
  const { status, stdout } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', 'holdfast']);
  const [state, version = ''] = stdout.split(' ');
  return status === 0 && state === 'installed' ? version : null;
}

async function viewOf(name: ServiceName, note: string, services: Services): Promise<ServiceView> {
  const [running, noted] = await Promise.all([services.isRunning(name), readObject(note)]);
  const known = running && (noted?.['began'] === undefined || isAlive(noted)) ? noted : null;
  const text = (key: string): string | null => (typeof known?.[key] === 'string' ? known[key] : null);
  return { running, config_sha256: text('config_sha256'), version: text('version') };
}

function certificateOf(chain: string): Facts['certificate'] {
  const certificate = new X509Certificate(chain);
  const hosts = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => /^(?:DNS|IP Address):(.*)$/.exec(name)?.[1] ?? []);
  return { not_after: Date.parse(certificate.validTo), hosts };
}

/** The certificate that was signed for this very key. */
async function adminOf(wanted: Wanted, places: Places): Promise<Facts['admin']> {
  const admin = wanted.cluster?.by === 'init' ? wanted.cluster.admin : null;
  const text = admin === null ? null : await readIfThere(adminFile(places, admin.name));
  if (admin === null || text === null) return null;
  const certificate = new X509Certificate(text);
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return await isKeyOf(admin.csr, key) ? { not_after: Date.parse(certificate.validTo) } : null;
}

/** A request holds its key as it is: only when it is not found there, the request is taken apart, which takes a library. */
async function isKeyOf(csr: string, key: Buffer): Promise<boolean> {
  const body = Buffer.from(/-----BEGIN [^-]*-----([^-]*)-----END/.exec(csr)?.[1] ?? '', 'base64');
  if (body.includes(key)) return true;
  const { readRequest } = await import('../security/x509.ts');
  return (await readRequest(csr)).keySha256 === sha256(key);
}
