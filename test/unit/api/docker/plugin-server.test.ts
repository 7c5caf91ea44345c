// The socket under good, bad and mad callers: every request is answered, and the driver lives on.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDockerDriver, type PluginServer } from '../../../../src/api/docker/driver.ts';
import { CALLS } from '../../../../src/api/docker/messages.ts';
import type { Log } from '../../../../src/control/ports/system.ts';
import { createMemoryControl, type MemoryControl } from './memory-control.ts';
import { call, raw } from './socket-client.ts';

const errors: unknown[] = [];
const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields, message) => { errors.push([message, fields['err']]); } };
let folder: string;
let socket: string;
let control: MemoryControl;
let driver: PluginServer;
const newDriver = () => createDockerDriver({ control, log, scope: 'local', answerWithinMs: 5_000 });

beforeEach(async () => {
  errors.length = 0;
  folder = mkdtempSync(path.join(tmpdir(), 'holdfast-docker-'));
  socket = path.join(folder, 'plugins', 'holdfast.sock');
  control = createMemoryControl();
  driver = newDriver();
  await driver.listen(socket);
});
afterEach(async () => {
  await driver.close();
  rmSync(folder, { recursive: true, force: true });
});
const lives = async () => {
  expect(await call(socket, '/Plugin.Activate', '')).toEqual({ status: 200, body: { Implements: ['VolumeDriver'], Err: '' } });
  expect(errors).toEqual([]);
};

describe('the socket', () => {
  test('is for its owner only, and gone after close', async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await driver.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('is its owner\'s alone from the moment it can be found, whatever the umask is', async () => {
    const at = path.join(folder, 'other.sock');
    const another = newDriver();
    const modes: number[] = [];
    const listen = Reflect.get(net.Server.prototype, 'listen') as (...args: unknown[]) => net.Server;
    const seen = jest.spyOn(net.Server.prototype, 'listen').mockImplementation(function of(this: net.Server, ...args: unknown[]) {
      const server = listen.apply(this, args);
      modes.push(statSync(at).mode & 0o777);
      return server;
    });
    const before = process.umask(0);
    try {
      await another.listen(at);
    } finally {
      process.umask(before);
      seen.mockRestore();
    }
    await another.close();
    expect(modes).toEqual([0o600]);
  });

  test('replaces that of a driver that died', async () => {
    await driver.close();
    const dead = net.createServer().listen(socket);
    await new Promise((resolve) => dead.once('listening', resolve));
    // A server that closes removes its socket; one that was killed leaves it, as a second name for it does here.
    const { linkSync } = await import('node:fs');
    linkSync(socket, `${socket}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    driver = newDriver();
    await driver.listen(`${socket}.kept`);
    expect((await call(`${socket}.kept`, '/Plugin.Activate')).status).toBe(200);
  });

  test('of a driver that lives is left to it', async () => {
    await expect(newDriver().listen(socket)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('another volume driver serves there') });
    await lives();
  });

  test('is not made over something else', async () => {
    const file = path.join(folder, 'precious');
    writeFileSync(file, 'data');
    await expect(newDriver().listen(file)).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(statSync(file).size).toBe(4);
  });
});

describe('a request', () => {
  test('is answered in the form that Docker reads', async () => {
    expect(await call(socket, '/VolumeDriver.Create', { Name: 'size=1G,name=web', Opts: {} })).toEqual({ status: 200, body: { Err: '' } });
    expect(await call(socket, '/VolumeDriver.Get', { Name: 'nope' })).toMatchObject({ status: 404, body: { Err: expect.stringContaining('volume nope does not exist') } });
  });

  test.each([
    ['malformed JSON', '{"Name":', 400], ['another kind of JSON', '[1]', 400], ['a number for a name', { Name: 7 }, 400], ['no name', {}, 400], ['an empty name', { Name: '' }, 400],
    ['options that are a list', { Name: 'web', Opts: ['size=1G'] }, 400], ['an option that is a number', { Name: 'web', Opts: { size: 1 } }, 400],
    ['bytes that are no UTF-8', Buffer.from('{"Name":"\xff\xfe"}', 'latin1'), 400], ['very deep JSON', '['.repeat(200_000), 400],
    ['a name with a slash', { Name: 'a/b' }, 400], ['a name with dots', { Name: '../../etc' }, 400], ['a name with NUL', { Name: 'a\0b' }, 400],
    ['300 characters', { Name: 'a'.repeat(300) }, 400], ['unicode look-alikes', { Name: 'wеb' }, 400], ['an unknown key', { Name: 'sise=1G,name=web' }, 400],
    ['a key of later', { Name: 'shared=true,name=web' }, 501], ['zero size', { Name: 'size=0G,name=web' }, 400], ['a secret', { Name: 'web', Opts: { passphrase: 'hunter2' } }, 400],
  ])('with %s is refused with one line and changes nothing', async (_, body, status) => {
    const answer = await call(socket, '/VolumeDriver.Create', body);
    expect(answer.status).toBe(status);
    expect(answer.body.Err).toMatch(/^[\x20-\x7e…]+$/);
    expect(answer.body.Err).not.toContain('hunter2');
    expect(control.volumes.size).toBe(0);
    await lives();
  });

  test.each([[undefined], [''], ['a b'], ['x'.repeat(257)], ['\u0430']])('to mount with the ID %j is refused', async (ID) => {
    await call(socket, '/VolumeDriver.Create', { Name: 'web' });
    expect(await call(socket, '/VolumeDriver.Mount', { Name: 'web', ID })).toMatchObject({ status: 400, body: { Err: expect.stringContaining('ID must be') } });
  });

  test('of an unknown call or method is told what there is', async () => {
    expect(await call(socket, '/VolumeDriver.Format')).toMatchObject({ status: 404, body: { Err: expect.stringContaining('VolumeDriver.Mount') } });
    expect(await call(socket, '/constructor')).toMatchObject({ status: 404 });
    expect(await call(socket, '/VolumeDriver.List', '', { method: 'GET' })).toMatchObject({ status: 405 });
    expect(await call(socket, '/VolumeDriver.List', '', { method: 'DELETE' })).toMatchObject({ status: 405 });
  });

  test('with a body of 100 MB is answered and not kept', async () => {
    expect(await call(socket, '/VolumeDriver.Create', Buffer.alloc(100 * 1024 ** 2, 'a'))).toMatchObject({ status: 413, body: { Err: expect.stringContaining('more than 1048576 bytes') } });
    await lives();
  });

  test('that is no HTTP, or has endless headers, is answered and ended', async () => {
    expect(await raw(socket, 'EHLO there\r\n\r\n')).toContain('400 Bad Request');
    expect(await raw(socket, `POST /Plugin.Activate HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`)).toContain('431');
    expect(await raw(socket, 'POST /Plugin.Activate HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n')).toContain('400');
    await lives();
  });

  test('that stops half-way leaves others their answers', async () => {
    const half = Array.from({ length: 50 }, () => raw(socket, 'POST /VolumeDriver.Create HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"Name":"we', 300));
    await lives();
    await Promise.all(half);
    expect(control.volumes.size).toBe(0);
    await lives();
  });

  test('is answered while every slow place is taken by mounts that hang', async () => {
    await call(socket, '/VolumeDriver.Create', { Name: 'web' });
    const held = Promise.withResolvers<undefined>();
    control.hooks.publish = () => held.promise;
    const mounts = Array.from({ length: 100 }, (_, i) => call(socket, '/VolumeDriver.Mount', { Name: 'web', ID: `id${i}` }));
    expect(await call(socket, '/VolumeDriver.Get', { Name: 'web' })).toMatchObject({ status: 200 });
    held.resolve(undefined);
    expect((await Promise.all(mounts)).filter(({ status }) => status === 200)).toHaveLength(100);
    await lives();
  });

  test('among 2,000 at once gets an answer', async () => {
    const answers = await Promise.all(Array.from({ length: 2_000 }, (_, i) => call(socket, '/VolumeDriver.Create', { Name: `size=1G,name=v${i % 200}` })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(control.volumes.size).toBe(200);
    await lives();
  });
});

describe('for every input', () => {
  const SALT = ['size=1G', 'name=web', 'web', '=', ',', ';', '\0', '..', '/', '\u{1F4BE}', 'a'.repeat(300), '-', 'passphrase=x', '__proto__'];
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.array(fc.constantFrom(...SALT), { maxLength: 6 }).map((parts) => parts.join('')));
  const value = fc.oneof(text, text, text, fc.jsonValue({ maxDepth: 2 }));
  const body = fc.oneof(
    fc.record({ Name: value, ID: value, Opts: fc.oneof(fc.dictionary(text, value, { maxKeys: 3 }), value) }, { requiredKeys: [] }).map((fields) => JSON.stringify(fields)),
    fc.json(), fc.string({ unit: 'binary' }),
  );

  test('the socket answers JSON, with a line of error unless it did as asked, and lives on', async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...Object.keys(CALLS), '/', '/x', '/VolumeDriver.'), body, async (path, content) => {
      const { status, body: answer } = await call(socket, path, content);
      expect([200, 400, 404, 409, 412, 501]).toContain(status);
      if (status === 200) expect(answer.Err).toBe('');
      else expect(answer.Err).toMatch(/^[^\r\n]+$/);
    }), { numRuns: 600 });
    for (const name of control.volumes.keys()) expect(name).toMatch(/^[a-z0-9][a-z0-9._-]{0,62}$/);
    await lives();
  });

  test('bytes of any kind get an answer or an end, and the socket lives on', async () => {
    const start = fc.constantFrom('POST /VolumeDriver.Create HTTP/1.1\r\n', 'POST /VolumeDriver.List HTTP/1.0\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '', '\r\n\r\n\r\n');
    await fc.assert(fc.asyncProperty(start, fc.uint8Array({ maxLength: 400 }), async (head, bytes) => {
      await raw(socket, Buffer.concat([Buffer.from(head), bytes]), 20);
    }), { numRuns: 150 });
    await lives();
  });
});
