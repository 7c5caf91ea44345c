/** Runs the simulation on a copy of the sources in which a rule is broken. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import type { Mutation } from './mutations.ts';

const TOP = path.resolve(import.meta.dirname, '../..');

export interface Caught {
  readonly caught: boolean;
  /** The first failing seed with what was seen, or how many seeds saw nothing. */
  readonly told: string;
  /** Everything that was printed. */
  readonly output: string;
}

/** @throws when the source does not have the text that is changed exactly once: the mutation is out of date. */
export async function runMutant(mutation: Mutation, firstSeed: number, seeds: number, flags: readonly string[] = []): Promise<Caught> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-mutant-'));
  try {
    for (const part of ['src/model', 'src/replication/protocol', 'test/sim']) cpSync(path.join(TOP, part), path.join(folder, part), { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    symlinkSync(path.join(TOP, 'node_modules'), path.join(folder, 'node_modules'));
    for (const { file, from, to } of mutation.changes) {
      const where = path.join(folder, 'src/replication/protocol', file);
      const parts = readFileSync(where, 'utf8').split(from);
      if (parts.length !== 2) throw new Error(`"${mutation.name}": ${file} has the text to be changed ${parts.length - 1} times: ${from}`);
      writeFileSync(where, parts.join(to));
    }
    return await run(folder, firstSeed, seeds, flags);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(folder: string, firstSeed: number, seeds: number, flags: readonly string[]): Promise<Caught> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(folder, 'test/sim/main.ts'), String(firstSeed), String(seeds), '--first', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 && code !== 1) return reject(new Error(`the mutant ended with ${code}: ${errors.slice(0, 2_000)}`));
      resolve({ caught: code === 1, told: out.split('\n')[0] ?? '', output: out });
    });
  });
}
