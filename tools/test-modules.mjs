// Runs `terraform test` of every module in modules/ against a real daemon that it starts for the purpose, on a root
// directory of its own, and reports each `run` block as one test, as well as each example: it has to be valid and
// formatted. Afterwards nothing of it is left on the machine.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** @param {string} top the checkout @returns {Promise<{ passed: number, failed: string[], skipped: string[] }>} */
export async function testModules(top) {
  const modules = readdirSync(path.join(top, 'modules')).filter((name) => existsSync(path.join(top, 'modules', name, 'tests')));
  const root = mkdtempSync(path.join(os.tmpdir(), 'holdfast-modules-'));
  writeFileSync(path.join(root, '.holdfast-scratch'), '');
  const daemon = await startDaemon(top, root);
  try {
    // All of them first: modules refer to each other.
    cpSync(path.join(top, 'modules'), path.join(root, 'modules'), { recursive: true, filter: (file) => !file.includes('/.terraform') });
    const outcomes = modules.map((name) => testModule(top, root, name));
    return {
      passed: outcomes.reduce((sum, one) => sum + one.passed, 0),
      failed: outcomes.flatMap((one) => one.failed),
      skipped: outcomes.flatMap((one) => one.skipped),
    };
  } finally {
    await daemon.stop();
    const { status } = spawnSync(path.join(top, 'tools/scrub'), [root], { stdio: 'inherit' });
    if (status !== 0) console.error(`modules: ${root} could not be removed`);
  }
}

async function startDaemon(top, root) {
  const log = path.join(root, 'holdfastd.log');
  const out = openSync(log, 'a');
  const child = spawn(path.join(top, 'bin/holdfastd'), ['--root', root, '--plugin-socket', path.join(root, 'plugin.sock')], { stdio: ['ignore', out, out] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const socket = path.join(root, 'run/holdfast/holdfast.sock');
  const deadline = Date.now() + 30_000;
  while (!existsSync(socket)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`holdfastd did not start:\n${readFileSync(log, 'utf8')}`);
    }
    await pause(50);
  }
  return { stop: () => { child.kill('SIGTERM'); return ended; } };
}

function testModule(top, root, name) {
  const work = path.join(root, 'modules', name);
  mkdirSync(path.join(work, 'scratch')); // where the tests put their pools
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: '1',
    TF_CLI_CONFIG_FILE: path.join(top, 'dist/terraformrc'),
    HOLDFAST_NODE: process.execPath,
    HOLDFAST_ENDPOINT: `unix://${root}/run/holdfast/holdfast.sock`,
  };
  const binary = spawnSync(path.join(top, 'tools/need'), ['terraform'], { encoding: 'utf8' }).stdout.trim();
  const runIn = (cwd, ...args) => spawnSync(binary, args, { cwd, env, encoding: 'utf8' });
  const run = (...args) => runIn(work, ...args);

  const init = run('init', '-input=false', '-no-color');
  if (init.status !== 0) return { passed: 0, failed: [`modules/${name}: init: ${init.stdout}${init.stderr}`], skipped: [] };
  const test = run('test', '-json');
  const outcome = { passed: 0, failed: [], skipped: [] };
  for (const event of test.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))) {
    if (event.type === 'diagnostic' && event.diagnostic.severity === 'error') {
      console.log(`  ${event['@testfile'] ?? name}: ${event.diagnostic.summary}\n    ${event.diagnostic.detail}`);
    }
    if (event.type !== 'test_run' || (event.test_run.progress ?? 'complete') !== 'complete') continue;
    const title = `modules/${name}/${event.test_run.path}: ${event.test_run.run}`;
    console.log(`  ${event.test_run.status.padEnd(5)} ${title}`);
    if (event.test_run.status === 'pass') outcome.passed += 1;
    else if (event.test_run.status === 'skip') outcome.skipped.push(title);
    else outcome.failed.push(title);
  }
  // An error while cleaning up fails the command without failing a run.
  if (test.status !== 0 && outcome.failed.length === 0) outcome.failed.push(`modules/${name}: terraform test ended with ${test.status}: ${test.stderr}`);
  for (const example of readdirSync(path.join(work, 'examples'))) {
    const dir = path.join(work, 'examples', example);
    const title = `modules/${name}/examples/${example}`;
    const wrong = [['init', '-input=false', '-no-color'], ['validate', '-no-color'], ['fmt', '-check', '-diff', '-no-color']]
      .map((args) => runIn(dir, ...args)).find(({ status }) => status !== 0);
    console.log(`  ${wrong === undefined ? 'pass ' : 'fail '} ${title}`);
    if (wrong === undefined) outcome.passed += 1;
    else outcome.failed.push(`${title}: ${wrong.stdout}${wrong.stderr}`);
  }
  return outcome;
}
