// Runs one configuration of a model through spin and a C compiler, in a directory of its own that is gone afterwards.
// `search` goes through every state; `story` looks for the shortest way to a violation and tells it. It judges nothing:
// whether a violation is wanted is known to who asks.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { must, script } from '../lab/run.ts';
import type { Configuration } from './configurations.ts';

export interface Verdict {
  /** 'incomplete': memory or depth did not suffice, so nothing is shown. */
  readonly outcome: 'holds' | 'violated' | 'incomplete';
  /** The assertion that was violated, as the model has it. */
  readonly violated?: string;
  readonly states: number;
  readonly megabytes: number;
  readonly seconds: number;
}

/** More than the largest search needs; a search that wants more is incomplete. */
const LIMIT_MEGABYTES = 7500;
const LIMIT_DEPTH = 4_000_000;
const LIMIT_MS = 30 * 60_000;

const flags = (configuration: Configuration): string[] => configuration.with.map((macro) => `-D${macro}`);

async function within<T>(configuration: Configuration, compile: readonly string[], use: (pan: (text: string, ...args: readonly string[]) => Promise<string>) => Promise<T>): Promise<T> {
  const work = mkdtempSync(path.join(os.tmpdir(), 'holdfast-model-'));
  const sh = (text: string, ...args: readonly string[]) => must(script(`cd "$1"; shift; ${text}`, work, ...args), { timeoutMs: LIMIT_MS });
  try {
    for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.pml'))) cpSync(path.join(import.meta.dirname, file), path.join(work, file));
    await sh('spin -a "$@"', ...flags(configuration), `${configuration.model}.pml`);
    await sh('nice -n 10 cc -O2 -w -o pan pan.c "$@"', '-DSAFETY', '-DNOREDUCE', '-DCOLLAPSE', `-DMEMLIM=${LIMIT_MEGABYTES}`, ...compile);
    return await use(sh);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Every state that can be reached, until a violation is found. */
export function search(configuration: Configuration): Promise<Verdict> {
  return within(configuration, configuration.reverse === true ? ['-DT_REVERSE'] : [], async (sh) => {
    const begun = Date.now();
    const report = await sh('nice -n 10 ./pan "$@"', `-m${LIMIT_DEPTH}`);
    return { ...verdictOf(report), seconds: (Date.now() - begun) / 1000 };
  });
}

/** What happens on the shortest way to a violation, a line for each step; empty if there is none. */
export function story(configuration: Configuration): Promise<readonly string[]> {
  return within(configuration, ['-DBFS'], async (sh) => {
    if (verdictOf(await sh('nice -n 10 ./pan "$@"', `-m${LIMIT_DEPTH}`)).outcome !== 'violated') return [];
    const told = await sh('spin -t "$@"', ...flags(configuration), `${configuration.model}.pml`);
    const lines = told.split('\n').map((line) => line.trim()).filter((line) => line !== '');
    return lines.slice(0, lines.findIndex((line) => line.startsWith('spin: trail ends')));
  });
}

function verdictOf(report: string): Omit<Verdict, 'seconds'> {
  const number = (pattern: RegExp): number => Number(pattern.exec(report)?.[1] ?? Number.NaN);
  const counts = { states: number(/(\d+) states, stored/), megabytes: Math.round(number(/([\d.]+)\s+total actual memory usage/)) };
  const violated = /assertion violated (.*) \(at depth/.exec(report)?.[1];
  if (violated !== undefined) return { outcome: 'violated', violated, ...counts };
  const complete = /errors: 0\b/.test(report) && !/Search not completed|max search depth too small|out of memory/i.test(report);
  return { outcome: complete ? 'holds' : 'incomplete', ...counts };
}
