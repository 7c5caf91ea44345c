import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const main = path.resolve(import.meta.dirname, '../../../src/daemon/main.ts');

test('what the daemon says when it cannot start holds no secret, whatever was laid into its way', () => {
  const token = `hft1.${'0'.repeat(26)}.${'s'.repeat(43)}.${'a'.repeat(64)}`;
  const { NODE_OPTIONS: _options, ...env } = process.env;
  for (const args of [['--config', `/nowhere/${token}`], [`--${token}`]]) {
    const { stderr, status } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env });
    expect(status).toBe(2);
    expect(stderr).toContain('[join token]');
    expect(stderr).not.toContain('sss');
  }
});
