// The local stack as a user has it: `cdktf deploy` against a real daemon, one number changed, deployed again, destroyed.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeIf, loopDevices, terraform } from '../lab/needs.ts';
import { startScratchDaemon, TOP, type ScratchDaemon } from '../lab/scratch-daemon.ts';

interface Listed { readonly items: readonly { readonly id: string; readonly name: string; readonly spec: Readonly<Record<string, unknown>> }[] }

describeIf([loopDevices, terraform], 'cdktf deploy of the local stack', () => {
  let daemon: ScratchDaemon;
  let project: string;

  beforeAll(async () => {
    daemon = await startScratchDaemon();
    project = daemon.directory('project');
  }, 120_000);
  afterAll(() => daemon?.end());

  const cdktf = (verb: string, settings: object): string => {
    const context = { local: { endpoint: daemon.endpoint, path: daemon.directory('pool'), ...settings } };
    writeFileSync(path.join(project, 'cdktf.json'), JSON.stringify({ language: 'typescript', app: `node ${TOP}/stacks/main.ts`, projectId: 'test', sendCrashReports: 'false', context }));
    const { status, stdout, stderr } = spawnSync(path.join(TOP, 'tools/cdktf/run'), [verb, 'local', '--auto-approve', '--no-color'], { cwd: project, env: { ...process.env, CDKTF_HOME: daemon.directory('cdktf-home') }, encoding: 'utf8' });
    if (status !== 0) throw new Error(`cdktf ${verb} ended with ${status ?? 'a signal'}: ${stdout}${stderr}`);
    return stdout;
  };
  const listed = (noun: string): Listed['items'] => (daemon.cli(noun, 'list') as Listed).items;
  const volume = (name: string) => listed('volume').find((one) => one.name === name);

  it('makes the pool and the volumes that TypeScript declares', () => {
    expect(cdktf('deploy', {})).toContain('Apply complete! Resources: 3 added, 0 changed, 0 destroyed.');
    expect(listed('pool').map((one) => one.name)).toEqual(['local']);
    expect(listed('volume').map((one) => one.name).sort()).toEqual(['notes', 'web']);
  }, 300_000);

  it('grows a volume in place when its number changes', () => {
    const before = volume('web');
    expect(cdktf('deploy', { webGibibytes: 2 })).toContain('0 added, 1 changed, 0 destroyed');
    expect(volume('web')).toMatchObject({ id: before?.id, spec: { size_bytes: 2 * 2 ** 30 } });
  }, 300_000);

  it('takes a snapshot when one is declared, and changes nothing when nothing changed', () => {
    expect(cdktf('deploy', { webGibibytes: 2, snapshots: ['monday'] })).toContain('1 added, 0 changed, 0 destroyed');
    expect(cdktf('deploy', { webGibibytes: 2, snapshots: ['monday'] })).toContain('No changes');
  }, 300_000);

  it('refuses to shrink, and leaves everything as it is', () => {
    expect(() => cdktf('deploy', { webGibibytes: 1, snapshots: ['monday'] })).toThrow(/size/);
    expect(volume('web')).toMatchObject({ spec: { size_bytes: 2 * 2 ** 30 } });
  }, 300_000);

  it('destroys what it made: the stack says that it may', () => {
    cdktf('destroy', { webGibibytes: 2, snapshots: ['monday'] });
    expect([...listed('volume'), ...listed('pool')]).toEqual([]);
  }, 300_000);
});
