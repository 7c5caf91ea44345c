// Answers one question for tools/need: does DIR/node_modules hold what DIR/package-lock.json names?
// Exit 0: yes. Exit 1: no, or it cannot be told. It compares npm's own record of what it installed; it changes nothing.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const dir = process.argv[2] ?? '.';
const packagesOf = (file) => JSON.parse(readFileSync(path.join(dir, file), 'utf8')).packages;

try {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  const missing = Object.entries(wanted).filter(([at, { version, link, optional, devOptional }]) => {
    if (at === '' || link) return false;
    if (present[at] === undefined) return !optional && !devOptional; // packages for other machines are left out by npm
    return present[at].version !== version;
  });
  process.exitCode = missing.length === 0 ? 0 : 1;
} catch {
  process.exitCode = 1;
}
