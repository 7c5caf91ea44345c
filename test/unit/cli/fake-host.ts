/** A process that is none: words in, text and an exit code out. Nobody listens at its endpoint unless a test says so. */
import { PassThrough } from 'node:stream';
import type { Host } from '../../../src/cli/host.ts';
import { run } from '../../../src/cli/run.ts';

export const NOWHERE = 'unix:///nowhere/holdfast.sock';
export const NOW = Date.parse('2026-11-22T20:11:03Z');

export interface Wish {
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly columns?: number;
  /** Typed at the terminal. */
  readonly typed?: string;
}
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function holdfast(words: readonly string[], wish: Wish = {}): Promise<Ran> {
  const written = { out: '', err: '' };
  const terminal = wish.terminal === true ? { isTTY: true, columns: wish.columns ?? 100 } : {};
  const stdin = Object.assign(new PassThrough(), { isTTY: wish.terminal === true });
  stdin.end(wish.typed ?? '');
  const host: Host = {
    argv: words,
    env: { HOLDFAST_ENDPOINT: NOWHERE, LANG: 'C.UTF-8', ...wish.env },
    cwd: '/work',
    stdin,
    stdout: { write: (text) => { written.out += text; }, ...terminal },
    stderr: { write: (text) => { written.err += text; }, ...terminal },
    again() { throw new Error('the program was to be run again'); },
    program: { node: 'node', script: '/usr/lib/holdfast/dist/holdfast.mjs' },
    now: () => NOW,
    onInterrupt: () => () => undefined,
  };
  return { code: await run(host), ...written };
}
