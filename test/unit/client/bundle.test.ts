import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { servedBench, type Served } from '../api/http/served.ts';

const top = path.resolve(import.meta.dirname, '../../..');
let directory: string;
let bundle: string;
let served: Served;
beforeAll(async () => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-bundle-'));
  bundle = path.join(directory, 'client.cjs');
  await build({ absWorkingDir: top, entryPoints: ['src/client/client.ts'], bundle: true, platform: 'node', target: 'node24', format: 'cjs', outfile: bundle, logLevel: 'error' });
  served = await servedBench();
});
afterAll(async () => {
  await served.end();
  rmSync(directory, { recursive: true, force: true });
});

const run = async (script: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', `const { createClient } = require(${JSON.stringify(bundle)}); (async () => { const print = (value) => console.log(JSON.stringify(value)); ${script} })();`, served.endpoint], { encoding: 'utf8' });
  return JSON.parse(stdout);
};

test('the client works as one CommonJS file, which is how the provider carries it', async () => {
  expect(await run(`
    const client = createClient({ endpoint: process.argv[1] });
    const made = await client.volumes.create({ name: 'bundled' });
    print([made.name, (await client.volumes.list().all()).length, await client.volumes.find('nope')]);
  `)).toEqual(['bundled', 1, null]);
});

test('it is small, and loads neither fetch nor TLS to ask a question', async () => {
  expect(statSync(bundle).size).toBeLessThan(150_000);
  const loaded = (await run(`
    await createClient({ endpoint: process.argv[1] }).version();
    print(process.moduleLoadList);
  `)) as string[];
  expect(loaded.filter((name) => /undici|NativeModule (https|tls)$/.test(name))).toEqual([]);
});

test('a process that has asked its questions ends, without closing the client', async () => {
  expect(await run(`
    const client = createClient({ endpoint: process.argv[1] });
    print((await Promise.all(Array.from({ length: 20 }, () => client.version()))).length);
  `)).toBe(20);
});
