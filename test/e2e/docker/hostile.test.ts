// The volume driver's real socket, with the real daemon behind it, under callers who mean harm or know no better: each
// gets an answer, nothing is made that was not asked for, no other volume is hurt, and the daemon lives on.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CALLS } from '../../../src/api/docker/messages.ts';
import { TURN_MS } from '../../lab/docker-engine.ts';
import { describeIf, dockerEngine, filesystem, loopDevices } from '../../lab/needs.ts';
import { call, raw } from '../../unit/api/docker/socket-client.ts';
import { openStage, SMALL, type Stage } from './stage.ts';

describeIf([dockerEngine, loopDevices, filesystem('ext4')], 'The socket of the volume driver', () => {
  let stage: Stage;
  const ask = (name: string, fields: unknown = {}) => call(stage.pluginSocket, `/VolumeDriver.${name}`, fields);
  beforeAll(async () => {
    stage = await openStage();
    await stage.engine.must(['run', '-d', '--network=none', '--name', 'witness', '--volume-driver', stage.driver, '-v', `size=${SMALL},name=witness:/data`, stage.engine.image, 'sh', '-c', 'echo kept > /data/file; sleep 10000']);
  }, TURN_MS);
  afterAll(() => stage?.close());

  /** The daemon answers, and the volume that stood by is as it was. */
  async function unharmed(): Promise<void> {
    expect(await call(stage.pluginSocket, '/Plugin.Activate')).toMatchObject({ status: 200 });
    expect(await stage.engine.must(['exec', 'witness', 'cat', '/data/file'])).toBe('kept');
    expect((await stage.client.volumes.list().all()).map(({ name }) => name)).toEqual(['witness']);
  }

  test('answers names that are none, with one line and a way out', async () => {
    for (const Name of ['a/b', '..', '../../etc/passwd', 'a\0b', 'a'.repeat(300), 'wіtness', 'WITNESS', ' witness', 'size=1G,name=../x', 'size=1G,name=a\nb', '=', '==', ',', '-o', '$(reboot)', "'; rm -rf /; '"]) {
      const answer = await ask('Create', { Name });
      expect([Name, answer.status, /^[\x20-\x7e…]+$/.test(answer.body.Err ?? '')]).toEqual([Name, 400, true]);
    }
    await unharmed();
  });

  test('lets nobody through to another volume or path by a mount ID or an id', async () => {
    const { id } = await stage.client.volumes.get('witness');
    for (const Name of [id, `name=${id}`, `${id}/data.1.img`]) expect((await ask('Remove', { Name })).status).toBe(400);
    for (const ID of ['', '../../x y', '\0', 'x'.repeat(1_000)]) expect((await ask('Mount', { Name: 'witness', ID })).status).toBe(400);
    expect((await ask('Remove', { Name: 'witness' })).status).not.toBe(200);
    await unharmed();
  });

  test('takes no harm from malformed, huge and half-sent requests', async () => {
    const half = Array.from({ length: 100 }, () => raw(stage.pluginSocket, 'POST /VolumeDriver.Create HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"Name":"size=1G,na', 500));
    expect((await ask('Create', '{"Name":')).status).toBe(400);
    expect((await ask('Create', Buffer.alloc(100 * 1024 ** 2, '['))).status).toBe(413);
    expect(await raw(stage.pluginSocket, `GET / HTTP/1.1\r\n${'x'.repeat(100_000)}`)).toMatch(/^HTTP\/1\.1 4/);
    await Promise.all(half);
    await unharmed();
  });

  test('answers 3,000 calls at once', async () => {
    const answers = await Promise.all(Array.from({ length: 3_000 }, (_, i) => ask(i % 3 === 0 ? 'List' : 'Get', { Name: i % 2 === 0 ? 'witness' : `size=1G,name=absent${i}` })));
    expect(answers.filter(({ status }) => ![200, 404, 503].includes(status))).toEqual([]);
    await unharmed();
  });

  test('lives through a fuzz run, and makes nothing but what was asked for well', async () => {
    const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('size=8M', 'size=0G', 'size=9E', 'name=', 'name=fuzz', 'fs=ext4', 'fs=xfs', 'repl=3', 'shared=true', ',', ';', '=', '..', '/', '\0', 'witness', 'passphrase=x', '\u{1F4BE}'));
    const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''));
    const body = fc.oneof(fc.record({ Name: fc.oneof(text, fc.jsonValue({ maxDepth: 1 })), ID: text, Opts: fc.dictionary(text, text, { maxKeys: 2 }) }, { requiredKeys: [] }).map((fields) => JSON.stringify(fields)), fc.json(), fc.string({ unit: 'binary' }));
    const calls = Object.keys(CALLS).filter((path) => !path.endsWith('Unmount'));
    await fc.assert(fc.asyncProperty(fc.constantFrom(...calls), body, async (path, content) => {
      const { status, body: answer } = await call(stage.pluginSocket, path, content);
      expect(status === 500 ? answer : 'no internal error').toBe('no internal error');
      expect(answer.Err).toMatch(status === 200 ? /^$/ : /^[^\r\n]+$/);
    }), { numRuns: 400 });
    for (const { name, id, status } of await stage.client.volumes.list().all()) {
      if (name === 'witness') continue;
      expect(name).toMatch(/^[a-z0-9][a-z0-9._-]{0,62}$/);
      for (const { consumer } of status.publications) await stage.client.volumes.unpublish(id, { consumer });
      await stage.client.volumes.remove(id, { purge: true });
    }
    await unharmed();
  });
});
