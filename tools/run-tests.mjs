// Runs the house's checks and suites, some of them side by side, prints the time of each, and ends with a summary in which
// every skipped test is named with its reason, and with one line `N passed, N failed, N skipped`.
// Usage: run-tests.mjs [--full] [NAME...]   (no name: all). Exit 1 when anything failed.
// It decides nothing about tests: what a test needs is stated in the test (test/lab/needs.ts).
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { testModules } from './test-modules.mjs';

const top = path.dirname(import.meta.dirname);
const out = path.join(top, '.cache/test');
const full = process.argv.includes('--full');
const only = process.argv.slice(2).filter((word) => !word.startsWith('-'));

/**
 * @typedef {{ passed: number, failed: string[], skipped: string[] }} Outcome  names of tests that failed or did not run
 * @typedef {{ name: string, run: () => Outcome | Promise<Outcome> }} Step
 */

/** Its exit status, or what else ended it. */
const ended = (child) => new Promise((resolve) => { child.on('error', resolve).on('close', (status, signal) => resolve(status ?? signal)); });

/** A check is one command that is right or wrong as a whole. */
const check = (name, command, ...args) => ({
  name,
  async run() {
    const status = await ended(spawn(command, args, { cwd: top, stdio: 'inherit' }));
    return status === 0 ? { passed: 1, failed: [], skipped: [] } : { passed: 0, failed: [`${name}: ${command} ${args.join(' ')}`], skipped: [] };
  },
});

/**
 * Test files that run at once in the suites that boot machines. They wait more than they compute: on two cores three of
 * them take half the time of one after another.
 */
const AT_ONCE = `--maxWorkers=${Math.min(4, Math.max(3, os.availableParallelism()))}`;

/** A suite is one jest project. Files named *.full.test.ts take long and run with --full only. */
const suite = (name, ...flags) => ({
  name,
  async run() {
    const json = path.join(out, `${name}.json`);
    const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js',
      '--selectProjects', name, '--json', '--outputFile', json, ...flags];
    if (!full) args.push('--testPathIgnorePatterns', '/node_modules/', '\\.full\\.test\\.ts$');
    // Hundreds of daemons and commands are started from the same sources: what V8 made of them is kept.
    const env = { ...process.env, HOLDFAST_TEST_FULL: full ? '1' : '', NODE_COMPILE_CACHE: path.join(top, '.cache/node') };
    return outcomeOf(name, json, await ended(spawn(process.execPath, args, { cwd: top, env, stdio: ['ignore', 'ignore', 'inherit'] })));
  },
});

function outcomeOf(name, json, status) {
  /** @type {Outcome} */
  const outcome = { passed: 0, failed: [], skipped: [] };
  let report;
  try {
    report = JSON.parse(readFileSync(json, 'utf8'));
  } catch {
    return { ...outcome, failed: [`${name}: jest ended with ${status} and wrote no report`] };
  }
  for (const file of report.testResults) {
    const where = path.relative(top, file.name);
    if (file.status === 'failed' && file.assertionResults.length === 0) outcome.failed.push(`${where}: could not be run`);
    for (const test of file.assertionResults) {
      const title = `${where}: ${test.fullName}`;
      if (test.status === 'passed') outcome.passed += 1;
      else if (test.status === 'failed') outcome.failed.push(title);
      else outcome.skipped.push(title);
    }
  }
  // Jest can also fail as a whole: a handle left open, a failed coverage or set-up.
  if (status !== 0 && outcome.failed.length === 0) outcome.failed.push(`${name}: jest ended with ${status}`);
  return outcome;
}

/** The specs of the Chef cookbook, on the machine's own Ruby. */
function cookbook() {
  const json = path.join(out, 'cookbook.json');
  const { status } = spawnSync('rspec', ['--options', '/dev/null', '--require', 'tmpdir', '--require', 'fileutils', '--format', 'json', '--out', json, 'spec'], { cwd: path.join(top, 'cookbooks/holdfast'), stdio: 'inherit' });
  /** @type {Outcome} */
  const outcome = { passed: 0, failed: [], skipped: [] };
  try {
    for (const example of JSON.parse(readFileSync(json, 'utf8')).examples) {
      const title = `cookbooks/holdfast: ${example.full_description}`;
      if (example.status === 'passed') outcome.passed += 1;
      else outcome[example.status === 'failed' ? 'failed' : 'skipped'].push(title);
    }
  } catch { /* said below */ }
  if (status !== 0 && outcome.failed.length === 0) outcome.failed.push(`cookbook: rspec ended with ${status}`);
  return outcome;
}

const shellScripts = () => ['tools', '.ci', 'packaging', 'test/lab']
  .flatMap((dir) => { try { return readdirSync(path.join(top, dir), { recursive: true, withFileTypes: true }); } catch { return []; } })
  .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
  .map((entry) => path.relative(top, path.join(entry.parentPath, entry.name)))
  .filter((file) => /^#!\/(usr\/)?bin\/(env )?(ba)?sh/.test(readFileSync(path.join(top, file), 'utf8').slice(0, 30)));

/**
 * What stands in one line runs side by side.
 * @type {Step[][]}
 */
const STEPS = [
  [check('build', 'make', 'build')],
  [
    check('lint', process.execPath, 'node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'),
    check('types', process.execPath, 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
    check('shell', 'shellcheck', ...shellScripts()),
    check('generated', process.execPath, 'tools/generate-client.mjs', '--check'),
    check('generated', process.execPath, 'tools/generate-etcd.mjs', '--check'),
  ],
  [suite('unit'), suite('contract')],
  [suite('integration', AT_ONCE), { name: 'cookbook', run: cookbook }, { name: 'modules', run: () => testModules(top) }],
  [suite('e2e', AT_ONCE)],
];

const unknown = only.filter((name) => !STEPS.flat().some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${[...new Set(STEPS.flat().map((step) => step.name))].join(', ')}`);
  process.exit(2);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const bold = (text) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const rows = [];
for (const steps of STEPS.map((group) => group.filter((one) => only.length === 0 || only.includes(one.name)))) {
  if (steps.length > 0) console.log(bold(`\n── ${[...new Set(steps.map((step) => step.name))].join(', ')}`));
  rows.push(...await Promise.all(steps.map(async (step) => {
    const begun = Date.now();
    const outcome = await step.run();
    return { name: step.name, seconds: (Date.now() - begun) / 1000, ...outcome };
  })));
  if (rows.some((row) => row.name === 'build' && row.failed.length > 0)) break; // what follows would only repeat it
}

const list = (title, names) => { if (names.length > 0) console.log(`\n${bold(title)}\n${names.map((name) => `  ${name}`).join('\n')}`); };
list('Skipped, each with what this machine lacks', rows.flatMap((row) => row.skipped));
list('Failed', rows.flatMap((row) => row.failed));
console.log('');
for (const row of rows) {
  const counts = `${row.passed} passed, ${row.failed.length} failed, ${row.skipped.length} skipped`;
  console.log(`${row.name.padEnd(12)} ${row.seconds.toFixed(1).padStart(7)} s   ${counts}`);
}
const sum = (pick) => rows.reduce((total, row) => total + pick(row), 0);
const line = `${sum((row) => row.passed)} passed, ${sum((row) => row.failed.length)} failed, ${sum((row) => row.skipped.length)} skipped`;
writeFileSync(path.join(out, 'summary'), `${line}\n`);
if (!process.env.HOLDFAST_SUM_ELSEWHERE) console.log(`\n${line}`);
process.exitCode = rows.some((row) => row.failed.length > 0) ? 1 : 0;
