// Volumes of a real Docker Engine: made, used, shared, filled, grown and removed in every way that Docker has for it.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GIB, MIB } from '../../../src/model/bytes.ts';
import { TURN_MS } from '../../lab/docker-engine.ts';
import { describeIf, dockerEngine, filesystem, findCommand, loopDevices } from '../../lab/needs.ts';
import { run } from '../../lab/docker-engine.ts';
import { openStage, SMALL, type Stage } from './stage.ts';

describeIf([dockerEngine, loopDevices, filesystem('ext4'), filesystem('xfs')], 'Docker', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await openStage(); }, TURN_MS);
  afterAll(() => stage?.close());
  afterEach(async () => {
    const left = (await stage.engine.must(['ps', '-aq'])).split('\n').filter((id) => id !== '');
    if (left.length > 0) await stage.engine.must(['rm', '-f', '-v', ...left]);
    for (const { name } of await stage.client.volumes.list().all()) await stage.engine.docker(['volume', 'rm', name]);
    expect(await stage.client.volumes.list().all()).toEqual([]);
  });

  const docker = (...args: string[]) => stage.engine.docker(args);
  const must = (...args: string[]) => stage.engine.must(args);
  const inContainer = (volume: string, script: string, ...flags: string[]) => must('run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', volume, ...flags, stage.engine.image, 'sh', '-c', script);
  const detached = (name: string, volume: string, script: string) => must('run', '-d', '--network=none', '--name', name, '--volume-driver', stage.driver, '-v', volume, stage.engine.image, 'sh', '-c', script);
  const volume = (name: string) => stage.client.volumes.get(name);

  test('creates, lists, inspects and removes volumes', async () => {
    expect(await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, '-o', 'fs=ext4', '-o', 'labels=app=web,tier=gold', 'web')).toBe('web');
    expect(await must('volume', 'ls', '--format', '{{.Driver}} {{.Name}}')).toBe(`${stage.driver} web`);
    const [shown] = JSON.parse(await must('volume', 'inspect', 'web')) as [{ Name: string; Scope: string; Mountpoint: string; Status: Record<string, unknown> }];
    expect(shown).toMatchObject({ Name: 'web', Scope: 'local', Mountpoint: '', Status: { state: 'ready', size: '32M', filesystem: 'ext4', labels: { app: 'web', tier: 'gold' } } });
    expect((await volume('web')).spec.deletion_protection).toBe(false);
    await must('volume', 'rm', 'web');
    expect(await must('volume', 'ls', '-q')).toBe('');
    expect((await stage.client.trash.list().all()).map(({ status }) => status.trashed?.name)).toContain('web');
  });

  test('keeps what a container wrote for the next one', async () => {
    await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, 'web');
    await inContainer('web:/data', 'echo kept > /data/file');
    expect(await inContainer('web:/data', 'cat /data/file')).toBe('kept');
    expect(await must('run', '--rm', '--network=none', '--mount', `type=volume,source=web,target=/data,volume-driver=${stage.driver}`, stage.engine.image, 'cat', '/data/file')).toBe('kept');
    expect((await volume('web')).status).toMatchObject({ mount_path: null, device: null, publications: [] });
  });

  test.each(['300M', '64M', '9M'])('gives a new volume of %s empty', async (size) => {
    expect(await inContainer(`size=${size},fs=ext4,name=ext:/data`, 'ls -A /data')).toBe('');
  });

  test('gives a container a filesystem of its own, of the size and kind that was asked for', async () => {
    expect(await inContainer('size=300M,fs=xfs,name=web:/data', 'grep " /data " /proc/mounts | cut -d" " -f3; df -m /data | tail -1 | awk "{print \\$2}"')).toMatch(/^xfs\n2\d\d$/);
    expect((await volume('web')).spec).toMatchObject({ size_bytes: 300 * MIB, filesystem: 'xfs' });
  });

  test('makes a volume of an in-line spec in every place that takes a name', async () => {
    expect(await inContainer(`size=${SMALL},name=aa:/data`, 'echo 1 > /data/file; cat /data/file')).toBe('1');
    expect(await inContainer(`size=${SMALL},name=aa:/data`, 'cat /data/file')).toBe('1');
    expect(await inContainer('aa:/data', 'cat /data/file')).toBe('1');
    const mount = (source: string, ...more: string[]) => must('run', '--rm', '--network=none', '--mount', ['type=volume', source, 'target=/data', `volume-driver=${stage.driver}`, ...more].join(','), stage.engine.image, 'sh', '-c', 'cat /data/file 2>/dev/null || echo empty');
    expect(await mount(`"source=size=${SMALL},name=aa"`)).toBe('1');
    expect(await mount(`"source=size=${SMALL},name=bb"`)).toBe('empty');
    expect(await mount(`source=size=${SMALL};name=cc`)).toBe('empty');
    expect(await mount('source=dd', `volume-opt=size=${SMALL}`, 'volume-opt=fs=ext4')).toBe('empty');
    expect((await stage.client.volumes.list().all()).map(({ name, spec }) => [name, spec.size_bytes])).toEqual(['aa', 'bb', 'cc', 'dd'].map((name) => [name, 32 * MIB]));
    expect((await must('volume', 'ls', '-q')).split('\n')).toEqual(['aa', 'bb', 'cc', 'dd']);
  });

  test('takes the default size without one, and Portworx\'s keys', async () => {
    await inContainer('repl=1,io_priority=any,sharedv4=false,format=ext4,name=web:/data', 'true');
    expect((await volume('web')).spec).toMatchObject({ size_bytes: GIB, filesystem: 'ext4', replicas: 1, class: 'any' });
  });

  test('shows the user why a spec that contradicts the volume is refused, and how to get it', async () => {
    await inContainer('size=300M,fs=xfs,name=web:/data', 'echo kept > /data/file');
    for (const [spec, reason] of [['size=1G,name=web', /size is 300M, not 1G\. To raise it: holdfast volume resize web 1G/], ['fs=ext4,name=web', /fs is xfs, not ext4/]] as const) {
      const refused = await docker('run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', `${spec}:/data`, stage.engine.image, 'true');
      expect(refused.code).toBe(125);
      expect(refused.stderr).toMatch(reason);
    }
    expect(await inContainer('size=100M,name=web:/data', 'cat /data/file')).toBe('kept');
  });

  test.each([
    ['sise=1G,name=web', 'Did you mean size?'], ['size=10,name=web', '10G'], ['size=1G', 'name=NAME'], ['size=1G,size=1G,name=web', 'twice'], ['size=0G,name=web', 'more than zero'],
    ['size=2P,name=web', 'more than the largest'], ['size=900P,name=web', 'more than can be counted'], ['shared=true,name=web', 'not built yet'], ['passphrase=hunter2,name=web', 'may not hold a secret'], ['repl=2,name=web', 'repl'],
    ['size=100M,fs=xfs,name=web', 'fs=ext4'], ['name=wEb', 'capital letter'], ['name=Web', 'must begin with a small letter'], ['size=500T,name=web', 'grow the pool'],
  ])('refuses %s with the reason and the way out, and makes nothing', async (spec, reason) => {
    const refused = await docker('run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', `${spec}:/data`, stage.engine.image, 'true');
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(reason);
    expect(await stage.client.volumes.list().all()).toEqual([]);
  });

  test('copies what the image has at the mount point into a new volume, of either filesystem', async () => {
    for (const [name, spec] of [['onxfs', 'size=300M,fs=xfs,name=onxfs'], ['onext', 'size=32M,fs=ext4,name=onext']]) {
      expect(await inContainer(`${spec}:/etc`, 'cat /etc/passwd')).toContain('root');
      expect(await inContainer(`${name}:/data`, 'ls -A /data')).toContain('passwd');
    }
  });

  test('gives anonymous volumes of images and of -v a volume, and takes it back with the container', async () => {
    expect(await must('run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', '/data', stage.engine.image, 'sh', '-c', 'echo 1 > /data/file; cat /data/file')).toBe('1');
    expect(await stage.client.volumes.list().all()).toEqual([]);
  });

  test('lets many containers use one volume at once, and unmounts it after the last', async () => {
    await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, 'web');
    for (const name of ['one', 'two', 'three']) await detached(name, 'web:/data', `echo ${name} > /data/${name}; sleep 1000`);
    expect(await inContainer('web:/data', 'ls -A /data')).toBe('one\nthree\ntwo');
    expect((await volume('web')).status.publications).toHaveLength(3);
    const refused = await docker('volume', 'rm', 'web');
    expect(refused.stderr).toContain('in use');
    await must('rm', '-f', 'one', 'two');
    expect(await must('exec', 'three', 'cat', '/data/one')).toBe('one');
    expect((await volume('web')).status.publications).toHaveLength(1);
    await must('rm', '-f', 'three');
    expect((await volume('web')).status).toMatchObject({ publications: [], mount_path: null, device: null });
  });

  test('mounts read-only where Docker is told so', async () => {
    await inContainer(`size=${SMALL},name=web:/data`, 'echo kept > /data/file');
    await detached('writer', 'web:/data', 'sleep 1000');
    expect(await inContainer('web:/data:ro', 'cat /data/file; touch /data/other 2>&1 || true')).toMatch(/^kept\n.*Read-only file system/);
    await must('exec', 'writer', 'touch', '/data/other');
  });

  test('shows a running container the new size of a volume that is grown', async () => {
    // XFS grows while mounted wherever it runs; what an ext4 needs for it, and what is said without, is the node's test.
    await detached('app', 'size=320M,fs=xfs,name=web:/data', 'sleep 1000');
    const megabytes = async () => Number(await must('exec', 'app', 'sh', '-c', 'df -m /data | tail -1 | awk "{print \\$2}"'));
    const before = await megabytes();
    await stage.client.volumes.resize('web', 640 * MIB);
    expect(await megabytes()).toBeGreaterThan(before + 250);
    // The old spec is satisfied by the larger volume: schedulers send it again.
    await inContainer('size=320M,fs=xfs,name=web:/data', 'true');
  });

  test('gives ENOSPC to the container that fills its volume, and to no other', async () => {
    await detached('other', `size=${SMALL},name=other:/data`, 'sleep 1000');
    expect(await inContainer(`size=${SMALL},name=web:/data`, 'dd if=/dev/zero of=/data/file bs=1M count=100 2>&1 || true')).toContain('No space left on device');
    expect(await must('exec', 'other', 'sh', '-c', 'dd if=/dev/zero of=/data/file bs=1M count=5 2>/dev/null && ls /data')).toContain('file');
    await inContainer('web:/data', 'rm /data/file; echo 1 > /data/small');
  });

  test('refuses to remove a protected volume, and says how it can be', async () => {
    await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, '-o', 'sticky=on', 'web');
    expect((await docker('volume', 'rm', 'web')).stderr).toMatch(/protect/);
    await stage.client.volumes.update('web', { deletion_protection: false });
    await must('volume', 'rm', 'web');
  });

  test('makes a new volume of a name that is in the trash', async () => {
    await inContainer(`size=${SMALL},name=web:/data`, 'echo old > /data/file');
    await must('volume', 'rm', 'web');
    expect(await inContainer(`size=${SMALL},name=web:/data`, 'ls -A /data')).toBe('');
    await must('volume', 'rm', 'web');
    expect((await stage.client.trash.list().all()).filter(({ status }) => status.trashed?.name === 'web').length).toBeGreaterThan(1);
  });

  test('finds volumes that were made elsewhere', async () => {
    await stage.client.volumes.create({ name: 'declared', size_bytes: 32 * MIB, deletion_protection: true });
    expect(await inContainer('declared:/data', 'echo 1 > /data/file; cat /data/file')).toBe('1');
    expect(await must('volume', 'ls', '-q')).toBe('declared');
    await stage.client.volumes.update('declared', { deletion_protection: false });
  });

  test('lists many volumes that were made at once', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `v${i}`);
    await Promise.all(names.map((name) => must('volume', 'create', '-d', stage.driver, '-o', 'size=8M', name)));
    expect(new Set((await must('volume', 'ls', '-q')).split('\n'))).toEqual(new Set(names));
    await must('volume', 'rm', ...names);
  });

  const compose = findCommand('docker-compose');
  describeIf(() => (compose === undefined ? 'there is no docker-compose' : undefined), 'Compose', () => {
    test('makes volumes of driver_opts and of an in-line spec, and uses them again', async () => {
      const folder = path.join(stage.folder, 'project');
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'docker-compose.yml'), `
version: '3.8'
services:
  app:
    image: ${stage.engine.image}
    network_mode: none
    command: sh -c 'date >> /one/runs; date >> /two/runs; wc -l < /one/runs; wc -l < /two/runs'
    volumes: ['one:/one', 'two:/two']
volumes:
  one:
    name: composed
    driver: ${stage.driver}
    driver_opts: { size: ${SMALL}, fs: ext4, repl: 1 }
  two:
    name: 'size=${SMALL},name=inline'
    driver: ${stage.driver}
`);
      for (const [attempt, runs] of [['first', '1'], ['second', '2']] as const) {
        const up = await run(compose ?? '', ['--project-name', 'tour', 'up', '--no-color', '--exit-code-from', 'app'], { cwd: folder, env: stage.engine.env });
        expect([attempt, up.code, up.stdout.match(/\| (\d+)$/gm)?.map((line) => line.slice(2))]).toEqual([attempt, 0, [runs, runs]]);
        await run(compose ?? '', ['--project-name', 'tour', 'down'], { cwd: folder, env: stage.engine.env });
      }
      expect((await stage.client.volumes.list().all()).map(({ name, spec }) => [name, spec.size_bytes])).toEqual([['composed', 32 * MIB], ['inline', 32 * MIB]]);
    });
  });
});
