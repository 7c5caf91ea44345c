/**
 * The licences of everything that a package of ours carries: each npm package whose code went into the bundles, koffi,
 * and Node.js with what is in it. It reads the checkout's node_modules; it decides nothing.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** Folders of the packages that these source files belong to, sorted. @param inputs paths relative to `top`. */
export function packagesOf(inputs: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1] !== undefined) found.add(match[1]);
  }
  return [...found].sort();
}

/**
 * One text with name, version and full licence of each.
 * @param extra further texts, by title: what did not come through a bundle.
 * @throws Error for a package that comes without a licence: it may not be passed on.
 */
export function notices(top: string, folders: readonly string[], extra: ReadonlyMap<string, string>): string {
  const parts = folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(path.join(top, folder, 'package.json'), 'utf8')) as Manifest;
    const file = readdirSync(path.join(top, folder)).sort().find((name) => /^(licen[cs]e|copying)/i.test(name));
    if (file === undefined && manifest.license === undefined) throw new Error(`${folder} says nothing of its licence`);
    return part(`${manifest.name} ${manifest.version}`, file === undefined ? `Licence: ${manifest.license ?? ''}` : readFileSync(path.join(top, folder, file), 'utf8'));
  });
  return [`Holdfast contains the following works of others.\n`, ...parts, ...[...extra].map(([title, text]) => part(title, text))].join('\n');
}

const part = (title: string, text: string): string => `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.trim()}\n`;
