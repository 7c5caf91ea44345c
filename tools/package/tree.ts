/**
 * A folder that becomes an archive: every file, link and directory with its mode, and all with one time, so that the
 * archive depends on nothing but their contents. Owners are set by whoever packs (root, by number).
 */
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export class Tree {
  readonly top: string;

  /** @param top made anew; what was there is removed. */
  constructor(top: string) {
    this.top = top;
    rmSync(top, { recursive: true, force: true });
    mkdirSync(top, { recursive: true, mode: 0o755 });
  }

  #place(to: string): string {
    const at = path.join(this.top, to);
    this.directory(path.dirname(to));
    return at;
  }

  directory(to: string, mode = 0o755): void {
    mkdirSync(path.join(this.top, to), { recursive: true });
    if (to !== '.' && to !== '/') chmodSync(path.join(this.top, to), mode);
  }

  write(to: string, content: string | Buffer, mode = 0o644): void {
    const at = this.#place(to);
    writeFileSync(at, content);
    chmodSync(at, mode);
  }

  copy(from: string, to: string, mode = 0o644): void {
    const at = this.#place(to);
    copyFileSync(from, at);
    chmodSync(at, mode);
  }

  /** A folder with everything in it; files are readable, and executable where `mode` says so. */
  copyFolder(from: string, to: string, mode = 0o644): void {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      if (entry.isDirectory()) this.copyFolder(path.join(from, entry.name), path.join(to, entry.name), mode);
      else this.copy(path.join(from, entry.name), path.join(to, entry.name), mode);
    }
  }

  /** As `gzip -9n` has it, with one system byte everywhere. */
  writeCompressed(to: string, content: string | Buffer): void {
    const packed = gzipSync(content, { level: 9 });
    packed[9] = 3;
    this.write(to, packed);
  }

  link(to: string, target: string): void {
    symlinkSync(target, this.#place(to));
  }

  /** Everything below, sorted by bytes, parents first. */
  #entries(): readonly { readonly name: string; readonly file: boolean }[] {
    return readdirSync(this.top, { recursive: true, withFileTypes: true })
      .map((entry) => ({ name: path.relative(this.top, path.join(entry.parentPath, entry.name)), file: entry.isFile() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Lines of a `md5sums` file. */
  checksums(leaveOut: ReadonlySet<string>): string {
    const sum = (file: string): string => createHash('md5').update(readFileSync(path.join(this.top, file))).digest('hex');
    return this.#entries().filter(({ name, file }) => file && !leaveOut.has(name)).map(({ name }) => `${sum(name)}  ${name}\n`).join('');
  }

  /** In KiB, each file rounded up, and one for each other entry, as dpkg counts. */
  size(): number {
    return this.#entries().reduce((sum, { name, file }) => sum + (file ? Math.ceil(statSync(path.join(this.top, name)).size / 1024) : 1), 0);
  }

  /** Gives everything the time `seconds` (of 1970). The last thing before it is packed. */
  settle(seconds: number): void {
    for (const { name } of [...this.#entries()].reverse()) lutimesSync(path.join(this.top, name), seconds, seconds);
    lutimesSync(this.top, seconds, seconds);
  }
}
