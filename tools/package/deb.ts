/** A Debian package of the product: where things lie on a system, and the control files. dpkg-deb packs it. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { addDocuments, addPrograms, addShare, type Architecture, type Product } from './product.ts';
import { Tree } from './tree.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../packaging');
const HOME = 'usr/lib/holdfast';
const DOC = 'usr/share/doc/holdfast';

/** @returns the file's name in `out`. */
export async function makeDeb(product: Product, architecture: Architecture, work: string, out: string): Promise<string> {
  const tree = new Tree(path.join(work, `deb-${architecture}`));
  addPrograms(tree, HOME, architecture, product);
  tree.link('usr/bin/holdfast', '../lib/holdfast/bin/holdfast');
  tree.link('usr/sbin/holdfastd', '../lib/holdfast/bin/holdfastd');
  addShare(tree, 'usr/share', product);
  addDocuments(tree, DOC, product);
  tree.copy(path.join(PACKAGING, 'deb/copyright'), path.join(DOC, 'copyright'));
  tree.writeCompressed(path.join(DOC, 'changelog.gz'), changelog(product));
  tree.copy(path.join(PACKAGING, 'deb/lintian-overrides'), 'usr/share/lintian/overrides/holdfast');
  for (const unit of ['holdfastd.service', 'holdfast-etcd.service']) tree.copy(path.join(PACKAGING, 'systemd', unit), path.join('lib/systemd/system', unit));
  for (const script of ['holdfastd', 'holdfast-etcd']) tree.copy(path.join(PACKAGING, 'init', script), path.join('etc/init.d', script), 0o755);
  tree.copy(path.join(PACKAGING, 'etc/default'), 'etc/default/holdfastd');
  tree.copy(path.join(PACKAGING, 'etc/logrotate'), 'etc/logrotate.d/holdfast');
  tree.directory('etc/holdfast');
  tree.directory('var/lib/holdfast', 0o711);

  const conffiles = readFileSync(path.join(PACKAGING, 'deb/conffiles'), 'utf8');
  const sums = tree.checksums(new Set(conffiles.split('\n').map((line) => line.slice(1))));
  const size = tree.size();
  const fill = (text: string): string => text.replace('@VERSION@', product.version).replace('@ARCH@', architecture).replace('@SIZE@', String(size));
  tree.write('DEBIAN/control', fill(readFileSync(path.join(PACKAGING, 'deb/control'), 'utf8')));
  tree.write('DEBIAN/conffiles', conffiles);
  tree.write('DEBIAN/md5sums', sums);
  for (const script of ['postinst', 'prerm', 'postrm']) tree.copy(path.join(PACKAGING, 'deb', script), path.join('DEBIAN', script), 0o755);
  tree.settle(product.time);

  const name = `holdfast_${product.version}_${architecture}.deb`;
  mkdirSync(out, { recursive: true });
  // One thread: the bytes must not depend on how many processors there are.
  await promisify(execFile)('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree.top, path.join(out, name)], { env: { ...process.env, SOURCE_DATE_EPOCH: String(product.time), DPKG_DEB_THREADS_MAX: '1' } });
  return name;
}

/** Debian's form, with the one entry of this version; the product's own changelog lies beside it. */
function changelog({ version, time }: Product): string {
  const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
  return `holdfast (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- The Holdfast developers <packages@holdfast.invalid>  ${date}\n`;
}
