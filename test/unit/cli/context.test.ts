import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createContext, type Context } from '../../../src/cli/context.ts';
import { Declined, Interrupted, type Host } from '../../../src/cli/host.ts';
import { createOutput, type Format } from '../../../src/cli/output.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { NOW } from './fake-host.ts';
import { operation } from './fixtures.ts';

interface Stage {
  readonly context: Context;
  readonly written: { readonly out: string; readonly err: string };
  readonly interrupt: () => void;
  readonly type: (text: string) => void;
  readonly hangUp: () => void;
}

function stage({ terminal = false, format = 'table' }: { readonly terminal?: boolean; readonly format?: Format } = {}): Stage {
  const written = { out: '', err: '' };
  const listeners = new Set<() => void>();
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal });
  const host: Host = {
    argv: [], env: { LANG: 'C.UTF-8', TERM: 'dumb' }, cwd: '/', stdin,
    stdout: { write: (text) => { written.out += text; }, isTTY: terminal },
    stderr: { write: (text) => { written.err += text; }, isTTY: terminal, columns: 80 },
    program: { node: 'node', script: 'holdfast.mjs' }, again() { throw new Error('the program was to be run again'); }, now: () => NOW,
    onInterrupt(listener) { listeners.add(listener); return () => listeners.delete(listener); },
  };
  return {
    context: createContext(host, createOutput(host, format), 'unix:///nowhere.sock'), written,
    interrupt() { for (const listener of listeners) listener(); },
    type(text) { stdin.write(text); },
    hangUp() { stdin.end(); },
  };
}

const unavailable = new HoldfastError('unavailable', 'volume.restore of volume db is not over yet', {});
const goesOn = `volume.restore of volume db goes on as ${operation.id}\nTo see its end: holdfast operation watch ${operation.id}\nTo stop it:     holdfast operation cancel ${operation.id}`;

describe('carrying out a change', () => {
  it('returns what it made', async () => {
    const { context, written } = stage();
    expect(await context.carryOut({ wait: true, timeout: undefined }, async ({ timeoutMs }) => ({ timeoutMs }))).toEqual({ timeoutMs: undefined });
    expect(written).toEqual({ out: '', err: '' });
  });
  it('is left by Ctrl-C, which tells that it goes on, and how to watch and stop it', async () => {
    const { context, interrupt } = stage();
    const done = context.carryOut({ wait: true, timeout: undefined }, ({ signal, onProgress }) => new Promise<object>((_, reject) => {
      onProgress?.(operation);
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    }));
    interrupt();
    await expect(done).rejects.toEqual(new Interrupted(goesOn));
  });
  it('is left by Ctrl-C before anything was answered, too', async () => {
    const { context, interrupt } = stage();
    const done = context.carryOut({ wait: true, timeout: undefined }, ({ signal }) => new Promise<object>((_, reject) => { signal?.addEventListener('abort', () => reject(signal.reason as Error)); }));
    interrupt();
    await expect(done).rejects.toThrow('interrupted before the daemon answered');
  });
  it('with --no-wait prints that it goes on, or the operation for a program', async () => {
    const act = async ({ timeoutMs, onProgress }: { timeoutMs?: number | undefined; onProgress?: ((now: typeof operation) => void) | undefined }): Promise<object> => {
      expect(timeoutMs).toBe(0);
      onProgress?.(operation);
      throw unavailable;
    };
    const people = stage();
    expect(await people.context.carryOut({ wait: false, timeout: undefined }, act)).toBeNull();
    expect(people.written.out).toBe(`${goesOn}\n`);
    const program = stage({ format: 'json' });
    expect(await program.context.carryOut({ wait: false, timeout: undefined }, act)).toBeNull();
    expect(JSON.parse(program.written.out)).toMatchObject({ id: operation.id });
  });
  it('passes on what went wrong, also with --no-wait', async () => {
    const { context } = stage();
    await expect(context.carryOut({ wait: false, timeout: undefined }, async () => { throw unavailable; })).rejects.toBe(unavailable);
    await expect(context.carryOut({ wait: true, timeout: 5 }, async ({ onProgress }) => { onProgress?.(operation); throw unavailable; })).rejects.toBe(unavailable);
  });
});

describe('asking before data is deleted', () => {
  it.each([['y\n'], ['YES\n']])('%j is a yes', async (answer) => {
    const { context, written, type } = stage({ terminal: true });
    const asked = context.confirm(false, 'Delete it?');
    type(answer);
    await asked;
    expect(written.err).toBe('Delete it? [y/N] ');
  });
  it.each([['\n'], ['n\n'], ['yep\n'], ['']])('%j is a no', async (answer) => {
    const { context, type, hangUp } = stage({ terminal: true });
    const asked = context.confirm(false, 'Delete it?');
    type(answer);
    hangUp();
    await expect(asked).rejects.toEqual(new Declined());
  });
  it('Ctrl-C is neither: it ends the command', async () => {
    const { context, interrupt } = stage({ terminal: true });
    let ended: unknown;
    void context.confirm(false, 'Delete it?').catch((thrown: unknown) => { ended = thrown; });
    while (ended === undefined) {
      interrupt(); // before the question stands, nobody listens
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(ended).toEqual(new Interrupted('nothing was changed'));
  });
  it('is not done with --yes, and where there is no terminal --yes is needed', async () => {
    const { context, written } = stage();
    await context.confirm(true, 'Delete it?');
    await expect(context.confirm(false, 'Delete it?')).rejects.toMatchObject({ code: 'invalid_argument', detail: { hint: 'Add --yes when that is what you want.' } });
    expect(written.err).toBe('');
  });
});
