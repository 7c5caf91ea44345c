/** Packages of Holdfast: what a file offers, and installing it. Files are checked against their SHA-256 before anything is done with them. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { aptInstall, INSTALL_MS } from './apt.ts';
import { must } from './command.ts';
import type { Facts } from './facts.ts';
import { writeDurably } from './files.ts';
import type { Places } from './places.ts';
import type { Wanted, WantedPackage } from './wanted.ts';

/**
 * What the wanted file holds. It is not looked into when it was installed before, and need not be there then.
 * @throws not_found for a file that is missing and not installed; failed_precondition when it is not the one that was meant.
 */
export async function offeredBy(wanted: WantedPackage | null, installed: string | null, before: Facts['installed_file']): Promise<Facts['offered']> {
  if (wanted?.from !== 'file') return null;
  if (before !== null && installed === before.version && wanted.sha256 === before.sha256) return before;
  if (!existsSync(wanted.file)) {
    // It was put there by another way and cleared away since: what runs is not known to be another.
    if (installed !== null && before === null) return null;
    throw new HoldfastError('not_found', `package.file: there is no ${wanted.file}`, { object: 'node.json', field: 'package.file', hint: 'Bring the package to this machine, or leave "package" out.' });
  }
  const sha256 = await digestOf(wanted.file);
  if (wanted.sha256 !== null && sha256 !== wanted.sha256) {
    throw new HoldfastError('failed_precondition', `package.sha256: ${wanted.file} has the SHA-256 ${sha256}, not ${wanted.sha256}`, { object: 'node.json', field: 'package.sha256', hint: 'It was not carried over whole, or it is another package. Nothing was installed.' });
  }
  return { version: await versionIn(wanted.file), sha256 };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

async function versionIn(file: string): Promise<string> {
  if (file.endsWith('.deb')) {
    const [name = '', version = ''] = (await must(`reading ${file}`, 'dpkg-deb', ['-W', '--showformat=${Package} ${Version}', file], { hint: 'It must be a Debian package of holdfast.' })).trim().split(' ');
    if (name === 'holdfast' && version !== '') return version;
    throw new HoldfastError('invalid_argument', `package.file: ${file} is the package ${name}, not holdfast`, { object: 'node.json', field: 'package.file' });
  }
  const version = /^holdfast-(.+)-linux-[a-z0-9]+\.tar\.gz$/.exec(path.basename(file))?.[1];
  if (version === undefined) throw new HoldfastError('invalid_argument', `package.file: ${path.basename(file)} is neither a Debian package nor an archive of Holdfast`, { object: 'node.json', field: 'package.file', hint: 'holdfast_<version>_<arch>.deb, or holdfast-<version>-linux-<arch>.tar.gz.' });
  return version;
}

/** Installs what is wanted. Again: the same. */
export async function installPackage({ package: wanted }: Wanted, facts: Facts, places: Places): Promise<void> {
  if (wanted === null) return;
  if (places.root !== '/') throw new HoldfastError('unsupported', 'package: packages are installed for the whole machine, not below another root', { object: 'node.json', field: 'package', hint: 'Leave "package" out with --root.' });
  const back = wanted.downgrade ? ['--allow-downgrades'] : [];
  if (wanted.from === 'apt') return aptInstall([...back, `holdfast=${wanted.version}`]);
  if (wanted.file.endsWith('.deb')) await aptInstall([...back, '--reinstall', wanted.file]);
  else await unpack(wanted.file, places);
  if (facts.offered !== null) await writeDurably(places.packageNote, JSON.stringify(facts.offered), 0o644);
}

async function unpack(file: string, { archiveHome }: Places): Promise<void> {
  const script = 'set -e; rm -rf "$2.new"; mkdir -p "$2.new"; tar -xzf "$1" -C "$2.new" --strip-components=1 --no-same-owner; rm -rf "$2.old"; if [ -e "$2" ]; then mv "$2" "$2.old"; fi; mv "$2.new" "$2"; rm -rf "$2.old"; mkdir -p /usr/local/bin /usr/local/sbin; ln -sf "$2/bin/holdfast" /usr/local/bin/holdfast; ln -sf "$2/bin/holdfastd" /usr/local/sbin/holdfastd';
  await must(`unpacking ${file}`, 'sh', ['-c', script, 'sh', file, archiveHome], { timeoutMs: INSTALL_MS });
}
