// What a Docker host lives through: killed containers, a killed or restarted holdfastd, a killed Docker, calls that come
// twice. Data stays, containers go on, and in the end every volume can be removed.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { TURN_MS } from '../../lab/docker-engine.ts';
import { describeIf, dockerEngine, filesystem, loopDevices } from '../../lab/needs.ts';
import { call } from '../../unit/api/docker/socket-client.ts';
import { openStage, SMALL, until, type Stage } from './stage.ts';

describeIf([dockerEngine, loopDevices, filesystem('ext4')], 'With Docker', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await openStage(); }, TURN_MS);
  afterAll(() => stage?.close());
  afterEach(async () => {
    const left = (await stage.engine.must(['ps', '-aq'])).split('\n').filter((id) => id !== '');
    if (left.length > 0) await stage.engine.must(['rm', '-f', ...left]);
    for (const { name } of await stage.client.volumes.list().all()) await removed(name);
    expect(await stage.client.volumes.list().all()).toEqual([]);
  });

  const must = (...args: string[]) => stage.engine.must(args);
  const detached = (name: string, script = 'while :; do date >> /data/log; sleep 0.1; done') => must('run', '-d', '--network=none', '--name', name, '--volume-driver', stage.driver, '-v', `size=${SMALL},name=web:/data`, stage.engine.image, 'sh', '-c', script);
  const read = (file: string) => must('run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', 'web:/data', stage.engine.image, 'cat', `/data/${file}`);
  const lines = async (container: string) => Number(await must('exec', container, 'sh', '-c', 'wc -l < /data/log'));
  const removed = (name: string) => until(`volume ${name} can be removed`, async () => (await stage.engine.docker(['volume', 'rm', name])).code === 0);
  const goesOn = async (container: string) => {
    const before = await lines(container);
    await until(`${container} goes on writing`, async () => (await lines(container)) > before);
  };

  test('a container killed with -9 lets go of its volume', async () => {
    await detached('app', 'echo kept > /data/file; sync; sleep 1000');
    await until('it has written', async () => (await stage.engine.docker(['exec', 'app', 'cat', '/data/file'])).stdout === 'kept\n');
    process.kill(Number(await must('inspect', '--format', '{{.State.Pid}}', 'app')), 'SIGKILL');
    await until('the volume is free', async () => (await stage.client.volumes.get('web')).status.publications.length === 0);
    expect(await read('file')).toBe('kept');
    await must('start', 'app');
    expect((await stage.client.volumes.get('web')).status.publications).toHaveLength(1);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('a container goes on while holdfastd is down after %s, and can be stopped and started afterwards', async (signal) => {
    await detached('app');
    await stage.stopDaemon(signal);
    await goesOn('app');
    await stage.startDaemon();
    await goesOn('app');
    expect((await stage.client.volumes.get('web')).status.publications).toHaveLength(1);
    await must('stop', '-t', '1', 'app');
    expect((await stage.client.volumes.get('web')).status).toMatchObject({ publications: [], mount_path: null, device: null });
    await must('start', 'app');
    await goesOn('app');
  });

  test('a container that stops while holdfastd is down lets go of its volume afterwards', async () => {
    await detached('app');
    await stage.stopDaemon('SIGKILL');
    const stopping = stage.engine.docker(['kill', 'app']);
    await until('it has ended', async () => !(await must('ps', '-q', '--no-trunc')).includes(await must('inspect', '--format', '{{.Id}}', 'app')));
    await stage.startDaemon();
    await stopping;
    await until('the volume is free', async () => (await stage.client.volumes.get('web')).status.publications.length === 0);
  });

  test('a volume that is asked for while holdfastd starts comes about', async () => {
    await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, 'web');
    await stage.stopDaemon('SIGKILL');
    const asked = stage.engine.docker(['run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', 'web:/data', stage.engine.image, 'echo', 'up']);
    await stage.startDaemon();
    expect(await asked).toMatchObject({ code: 0, stdout: 'up\n' });
  });

  test('Docker killed with -9 and started again finds its volumes, and they can be used and removed', async () => {
    await detached('app', 'echo kept > /data/file; sync; sleep 1000');
    await until('it has written', async () => (await stage.engine.docker(['exec', 'app', 'cat', '/data/file'])).stdout === 'kept\n');
    await stage.engine.kill();
    await stage.engine.start();
    expect(await must('volume', 'ls', '-q', '--filter', `driver=${stage.driver}`)).toBe('web');
    await must('rm', '-f', 'app');
    expect(await read('file')).toBe('kept');
    await until('no consumer is left', async () => (await stage.client.volumes.get('web')).status.publications.length === 0);
    expect((await stage.client.volumes.get('web')).status.device).toBeNull();
  });

  test('Docker stopped and started again with a container that restarts by itself gets its volume back', async () => {
    await must('run', '-d', '--restart=always', '--network=none', '--name', 'app', '--volume-driver', stage.driver, '-v', `size=${SMALL},name=web:/data`, stage.engine.image, 'sh', '-c', 'while :; do date >> /data/log; sleep 0.1; done');
    await goesOn('app');
    await stage.engine.restart();
    await until('it runs again', async () => (await must('inspect', '--format', '{{.State.Running}}', 'app')) === 'true');
    await goesOn('app');
  });

  test('a mount that nobody uses any more is let go after its grace', async () => {
    await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, 'web');
    expect(await call(stage.pluginSocket, '/VolumeDriver.Mount', { Name: 'web', ID: 'forgotten' })).toMatchObject({ status: 200 });
    expect((await stage.client.volumes.get('web')).status.publications.map(({ consumer }) => consumer)).toEqual(['docker:forgotten']);
    await until('it is let go', async () => (await stage.client.volumes.get('web')).status.publications.length === 0);
  });

  test('a mount that a container uses is kept beyond the grace', async () => {
    await detached('app');
    const begun = Date.now();
    await until('the grace has passed twice', async () => Date.now() - begun > 6_000);
    expect((await stage.client.volumes.get('web')).status.publications).toHaveLength(1);
    await goesOn('app');
  });

  test('calls that come twice, or all at once, do what one does', async () => {
    const twice = async (path: string, fields: object) => {
      const [one, two] = await Promise.all([call(stage.pluginSocket, path, fields), call(stage.pluginSocket, path, fields)]);
      expect(one).toMatchObject({ status: 200, body: { Err: '' } });
      expect(two).toEqual(one);
      expect(await call(stage.pluginSocket, path, fields)).toEqual(one);
      return one.body;
    };
    await twice('/VolumeDriver.Create', { Name: `size=${SMALL},name=web` });
    const { Mountpoint } = await twice('/VolumeDriver.Mount', { Name: 'web', ID: 'a' });
    expect(await twice('/VolumeDriver.Mount', { Name: `size=${SMALL},name=web`, ID: 'b' })).toMatchObject({ Mountpoint });
    expect((await stage.client.volumes.get('web')).status.publications).toHaveLength(2);
    await twice('/VolumeDriver.Unmount', { Name: 'web', ID: 'a' });
    await twice('/VolumeDriver.Unmount', { Name: 'web', ID: 'b' });
    expect((await stage.client.volumes.get('web')).status).toMatchObject({ publications: [], mount_path: null, device: null });
    await twice('/VolumeDriver.Remove', { Name: 'web' });
  });

  test('twenty containers that start and end at once leave nothing mounted', async () => {
    await must('volume', 'create', '-d', stage.driver, '-o', `size=${SMALL}`, 'web');
    const runs = await Promise.all(Array.from({ length: 20 }, (_, i) => stage.engine.docker(['run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', `size=${SMALL},name=web:/data`, stage.engine.image, 'sh', '-c', `echo ${i} > /data/${i}`])));
    expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
    expect((await stage.client.volumes.get('web')).status).toMatchObject({ publications: [], mount_path: null, device: null });
    const files = await must('run', '--rm', '--network=none', '--volume-driver', stage.driver, '-v', 'web:/data', stage.engine.image, 'ls', '/data');
    expect(files.split('\n')).toHaveLength(20);
  });
});
