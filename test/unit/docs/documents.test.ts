// What the documents name has to be there: links, anchors, files, make targets, conditions.
import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const TOP = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(TOP, file), 'utf8');
const written = (...patterns: readonly string[]): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns], { cwd: TOP, encoding: 'utf8' }).split('\n').filter((file) => file !== '' && existsSync(path.join(TOP, file)));

const documents = written('*.md');
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

/** As GitHub makes them of headings, and those that are written out. */
const anchorsOf = (text: string): string[] => [
  ...[...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')),
  ...[...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id),
];

describe.each(documents)('%s', (file) => {
  const text = read(file);

  it('links to what is there', () => {
    const links = [...withoutCode(text).replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [target = '', anchor] = link.split('#');
      const place = target === '' ? file : path.join(path.dirname(file), target);
      if (!existsSync(path.join(TOP, place))) return true;
      return anchor !== undefined && !anchorsOf(read(place)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only files that there are', () => {
    const roots = 'src|provider|stacks|modules|test|tools|docs';
    const named = [...text.matchAll(new RegExp(`(?<![\\w./-])((?:${roots})/[\\w./-]*\\w)(?![\\w*<…-])`, 'g'))].map(([, name = '']) => name);
    const built = /^stacks\/\.gen/;
    const places = [TOP, path.join(TOP, path.dirname(file))];
    expect(named.filter((name) => !built.test(name) && !places.some((place) => existsSync(path.join(place, name))))).toEqual([]);
  });

  it('names only targets that make has', () => {
    const targets = [...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
    const named = [...text.matchAll(/(?:`|^)make ([a-z][a-z-]*)/gm)].map(([, target]) => target);
    expect(named.filter((target) => !targets.includes(target))).toEqual([]);
  });

  it('holds no path of the machine that it was written on', () => {
    expect(text).not.toMatch(/\/(root|home\/\w+|work)\/(?!\.)/);
  });
});

it('every condition that an object can have is in the operations guide, and no other', () => {
  const guide = read('docs/operations.md');
  const sources = ['src/control/conditions.ts', 'src/control/snapshots.ts', 'src/control/expiry.ts', 'src/control/cluster/members.ts', 'src/control/cluster/reach.ts'].map(read).join('\n');
  const faults = /type PoolFault = ([^;]+);/.exec(read('src/control/ports/data-plane.ts'))?.[1] ?? '';
  const known = new Set([...[...sources.matchAll(/type: '([A-Z]\w+)'/g)].map(([, type]) => type), ...[...faults.matchAll(/'(\w+)'/g)].map(([, type]) => type)]);
  const shown = new Set([...guide.matchAll(/^\| ((?:`[A-Z][a-z]\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, type]) => type)));
  expect([...shown].sort()).toEqual([...known].sort());
});

it('every setting of the daemon is in the operations guide, with its default', () => {
  const guide = read('docs/operations.md');
  const schema = /const Schema = Type\.Object\(\{([\s\S]*?)\n\}/.exec(read('src/daemon/config.ts'))?.[1] ?? '';
  const settings = [...schema.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name);
  expect(settings.length).toBeGreaterThan(3);
  expect(settings.filter((name) => !guide.includes(`| \`${name}\``))).toEqual([]);
});

it('every decision record is in the list of them', () => {
  const list = read('docs/adr/README.md');
  expect(written('docs/adr/0*.md').map((file) => path.basename(file)).filter((name) => !list.includes(`](${name})`))).toEqual([]);
});

it('every import rule of lint is in the picture of the rooms', () => {
  const rooms = [...(/const ROOMS = \{([\s\S]*?)\n\};/.exec(read('eslint.config.mjs'))?.[1] ?? '').matchAll(/^ {2}'?([\w/-]+)'?: \[/gm)].map(([, room = '']) => room).filter((room) => existsSync(path.join(TOP, room)));
  const picture = read('ARCHITECTURE.md');
  expect(rooms.length).toBeGreaterThan(10);
  expect(rooms.filter((room) => !picture.includes(room.replace(/^provider\/(data-sources|functions)$/, '$1')))).toEqual([]);
});
