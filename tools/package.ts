/**
 * `make package`: Debian packages, relocatable archives and their checksums into dist/packages. The same checkout gives
 * the same bytes, wherever and whenever it is built.
 *
 * Usage: node tools/package.ts [amd64] [arm64]      (neither: both)
 *   VERSION            the version that the packages have and say. Default: as in src/model/version.ts
 *   SOURCE_DATE_EPOCH  the time of everything in them. Default: that of the checkout's last commit
 *   OUT                another folder than dist/packages
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from '../src/model/version.ts';
import { makeDeb } from './package/deb.ts';
import { ARCHITECTURES, makeProduct } from './package/product.ts';
import { makeTarball } from './package/tarball.ts';

const TOP = path.dirname(import.meta.dirname);
process.umask(0o022); // whatever that of the caller is
/** For a copy of the sources that is no checkout. */
const SOME_DAY = 1_767_225_600;

const version = process.env['VERSION'] || VERSION;
// Debian's rules for a version without a revision, which are stricter than those of a file name.
if (!/^[0-9][A-Za-z0-9.+~]*$/.test(version)) fail(`VERSION="${version}" cannot be a version: a digit, then letters, digits, ".", "+" and "~"`);
const asked = process.argv.slice(2);
const unknown = asked.find((word) => !ARCHITECTURES.some((one) => one === word));
if (unknown !== undefined) fail(`there is no architecture "${unknown}": ${ARCHITECTURES.join(', ')}`);
const architectures = ARCHITECTURES.filter((one) => asked.length === 0 || asked.includes(one));

const out = path.resolve(process.env['OUT'] || path.join(TOP, 'dist/packages'));
const cache = path.join(TOP, '.cache');
mkdirSync(cache, { recursive: true });
mkdirSync(out, { recursive: true });
const work = mkdtempSync(path.join(cache, 'package-'));
try {
  const product = await makeProduct(version, time(), architectures, work);
  const made = await Promise.all(architectures.flatMap((one) => [makeDeb(product, one, work, out), makeTarball(product, one, work, out)]));
  // Every package that lies there, so that several versions can be offered from one folder.
  const files = readdirSync(out).filter((name) => /\.(deb|tar\.gz)$/.test(name)).sort();
  writeFileSync(path.join(out, 'SHA256SUMS'), files.map((name) => `${createHash('sha256').update(readFileSync(path.join(out, name))).digest('hex')}  ${name}\n`).join(''));
  for (const name of made) console.log(path.join(path.relative(process.cwd(), out), name));
} finally {
  rmSync(work, { recursive: true, force: true });
}

function time(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  try {
    return Number(execFileSync('git', ['-C', TOP, 'log', '-1', '--format=%ct'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()) || SOME_DAY;
  } catch {
    return SOME_DAY;
  }
}

function fail(words: string): never {
  console.error(words);
  process.exit(2);
}
