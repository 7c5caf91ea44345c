// The library has a continuation under another name; the stacks must not depend on which of the two it is.
import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const top = path.resolve(import.meta.dirname, '../../..');

describe('the stacks', () => {
  it('become the same under cdktn as under cdktf', () => {
    const cdktf = synth(CONTEXT);
    const cdktn = synth(CONTEXT, ['--import', './test/lab/cdktn.mjs']);
    expect(cdktf.map(({ name }) => name)).toEqual(['local', 'onprem']);
    expect(cdktn.map(({ version }) => version)).not.toContain(cdktf[0]?.version);
    expect(cdktn.map(({ stack }) => stack)).toEqual(cdktf.map(({ stack }) => stack));
  });

  it('are the local one alone where cdktf.json names no machines', () => {
    expect(synth({ local: {} }).map(({ name }) => name)).toEqual(['local']);
  });
});

const NODES = [{ name: 'n1', host: '10.77.0.11', pools: [{ path: '/srv/holdfast' }] }, { name: 'n2', host: '10.77.0.12' }];
const CONTEXT = {
  local: { webGibibytes: 2, snapshots: ['monday'] },
  onprem: { nodes: NODES, admin: { csrFile: 'admin.csr', keyFile: 'admin.key' }, volumes: [{ name: 'web', size: '1G', node: 'n1' }] },
};

function synth(context: object, options: readonly string[] = []): readonly { name: string; version: string; stack: unknown }[] {
  const out = mkdtempSync(path.join(os.tmpdir(), 'holdfast-synth-'));
  try {
    execFileSync(process.execPath, [...options, 'stacks/main.ts'], { cwd: top, env: { ...process.env, CDKTF_OUTDIR: out, CDKTF_CONTEXT_JSON: JSON.stringify(context) } });
    return readdirSync(path.join(out, 'stacks')).sort().map((name) => {
      const stack = JSON.parse(readFileSync(path.join(out, 'stacks', name, 'cdk.tf.json'), 'utf8'));
      const { version } = stack['//'].metadata as { version: string };
      delete stack['//'].metadata.version;
      return { name, version, stack };
    });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
