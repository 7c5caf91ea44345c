// The library has a continuation under another name; the stacks must not depend on which of the two it is.
import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const top = path.resolve(import.meta.dirname, '../../..');

describe('the stacks', () => {
  it('become the same under cdktn as under cdktf', () => {
    const cdktf = synth([]);
    const cdktn = synth(['--import', './test/lab/cdktn.mjs']);
    expect(cdktn.version).not.toEqual(cdktf.version);
    expect(cdktn.stack).toEqual(cdktf.stack);
  });
});

function synth(options: readonly string[]): { version: string; stack: unknown } {
  const out = mkdtempSync(path.join(os.tmpdir(), 'holdfast-synth-'));
  try {
    const context = JSON.stringify({ local: { webGibibytes: 2, snapshots: ['monday'] } });
    execFileSync(process.execPath, [...options, 'stacks/main.ts'], { cwd: top, env: { ...process.env, CDKTF_OUTDIR: out, CDKTF_CONTEXT_JSON: context } });
    const stack = JSON.parse(readFileSync(path.join(out, 'stacks/local/cdk.tf.json'), 'utf8'));
    const { version } = stack['//'].metadata as { version: string };
    delete stack['//'].metadata.version;
    return { version, stack };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
