/** The relocatable archive: one folder that is unpacked anywhere and works there. GNU tar and gzip pack it. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { addDocuments, addPrograms, addShare, type Architecture, type Product } from './product.ts';
import { Tree } from './tree.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../packaging');

/** @returns the file's name in `out`. */
export async function makeTarball(product: Product, architecture: Architecture, work: string, out: string): Promise<string> {
  const folder = `holdfast-${product.version}-linux-${architecture}`;
  const tree = new Tree(path.join(work, `tar-${architecture}`, folder));
  addPrograms(tree, '.', architecture, product);
  addShare(tree, 'share', product);
  addDocuments(tree, 'share/doc/holdfast', product);
  tree.copy(path.join(PACKAGING, 'tarball/README'), 'README');
  tree.copy(path.join(PACKAGING, '../LICENSE'), 'LICENSE');
  tree.copyFolder(path.join(PACKAGING, 'systemd'), 'share/systemd');
  tree.settle(product.time);

  const name = `${folder}.tar.gz`;
  const file = path.join(out, name);
  mkdirSync(out, { recursive: true });
  const run = promisify(execFile);
  await run('tar', ['--create', '--file', file.slice(0, -3), '--directory', path.dirname(tree.top), '--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${product.time}`, folder], { env: { ...process.env, LC_ALL: 'C' } });
  await run('gzip', ['-n', '-6', '-f', file.slice(0, -3)]);
  return name;
}
