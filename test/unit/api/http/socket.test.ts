import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { listenPrivately } from '../../../../src/api/http/socket.ts';

let directory: string;
const servers: net.Server[] = [];
beforeEach(() => { directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-socket-')); });
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => { server.close(resolve); });
  rmSync(directory, { recursive: true, force: true });
});

function listenAt(socketPath: string): Promise<() => void> {
  const server = net.createServer((socket) => socket.on('error', () => undefined).end('hello'));
  servers.push(server);
  return listenPrivately(socketPath, (at) => new Promise((resolve, reject) => { server.once('error', reject); server.listen(at, resolve); }));
}
const hear = (socketPath: string): Promise<string> => new Promise((resolve, reject) => {
  let text = '';
  net.connect(socketPath).on('data', (chunk) => { text += chunk.toString(); }).on('error', reject).on('close', () => resolve(text));
});

describe('a private socket', () => {
  test('is reached at its path, has mode 0600, and leaves nothing beside it', async () => {
    const at = path.join(directory, 'run/holdfast/holdfast.sock');
    await listenAt(at);
    expect(await hear(at)).toBe('hello');
    expect(statSync(at).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(at)).mode & 0o022).toBe(0);
    expect(readdirSync(path.dirname(at))).toEqual(['holdfast.sock']);
  });

  test('has its mode whatever the umask is, from the moment it can be found', async () => {
    const before = process.umask(0);
    try {
      const at = path.join(directory, 's');
      const server = net.createServer();
      servers.push(server);
      let nursery = 0;
      await listenPrivately(at, (bound) => new Promise((resolve) => { server.listen(bound, () => { nursery = statSync(path.dirname(bound)).mode & 0o777; expect(existsSync(at)).toBe(false); resolve(); }); }));
      expect([nursery, statSync(at).mode & 0o777]).toEqual([0o700, 0o600]);
    } finally {
      process.umask(before);
    }
  });

  test('takes the place of one that nobody answers on', async () => {
    const at = path.join(directory, 's');
    const dead = net.createServer();
    await new Promise<void>((resolve) => { dead.listen(path.join(directory, 'd'), resolve); });
    renameSync(path.join(directory, 'd'), at);
    await new Promise((resolve) => { dead.close(resolve); });
    expect(statSync(at).isSocket()).toBe(true);
    await listenAt(at);
    expect(await hear(at)).toBe('hello');
  });

  test('is refused where somebody answers, who goes on undisturbed', async () => {
    const at = path.join(directory, 's');
    await listenAt(at);
    await expect(listenAt(at)).rejects.toMatchObject({ code: 'conflict', detail: { hint: expect.stringMatching(/another holdfastd/) } });
    servers.pop();
    expect(await hear(at)).toBe('hello');
    expect(readdirSync(directory)).toEqual(['s']);
  });

  test.each([['a file', (at: string) => writeFileSync(at, 'precious')], ['a directory', (at: string) => mkdirSync(at)], ['a link', (at: string) => symlinkSync('/etc/passwd', at)]])('never removes what is no socket: %s', async (_what, make) => {
    const at = path.join(directory, 's');
    make(at);
    await expect(listenAt(at)).rejects.toMatchObject({ code: 'failed_precondition' });
    servers.pop();
    expect(readdirSync(directory)).toEqual(['s']);
  });

  test('says that its path is longer than the kernel allows', async () => {
    await expect(listenAt(path.join(directory, 'a'.repeat(100), 's'))).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/the kernel allows 107/) });
    servers.pop();
  });

  test('removes its file at the end, but not that of a successor', async () => {
    const at = path.join(directory, 's');
    const remove = await listenAt(at);
    rmSync(at);
    const removeSecond = await listenAt(at);
    chmodSync(at, 0o600);
    remove();
    expect(existsSync(at)).toBe(true);
    removeSecond();
    expect(existsSync(at)).toBe(false);
    removeSecond();
  });
});
