/** The REST API of a real daemon: its socket, hostile callers, and a caller who waits while the daemon is killed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { HoldfastClient } from '../../../src/client/client.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { describeIf, loopDevices } from '../../lab/needs.ts';
import { speak, type Speaker } from '../../unit/api/http/served.ts';
import { daemonProcess, type DaemonProcess } from '../daemon/process.ts';

const MIB = 1024 ** 2;

describeIf(loopDevices, 'the REST API of a real daemon', () => {
  let daemon: DaemonProcess;
  let client: HoldfastClient;
  let speaker: Speaker;
  let socketPath: string;
  beforeAll(async () => {
    daemon = await daemonProcess();
    ({ client } = daemon);
    socketPath = path.join(daemon.root, 'run/holdfast/holdfast.sock');
    speaker = speak(socketPath);
    await client.pools.create({ name: 'disk', kind: 'directory', path: daemon.directory('disk') });
  });
  afterAll(() => daemon.end());

  test('is on a socket that only root can open', () => {
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(socketPath).uid).toBe(0);
  });

  test('makes, mounts, snapshots, restores and deletes a volume', async () => {
    const made = await client.volumes.create({ name: 'db', size_bytes: 16 * MIB });
    expect(made).toMatchObject({ status: { state: 'ready' }, spec: { filesystem: 'ext4' }, warnings: [] });
    const target = daemon.directory('mnt');
    const { mount_path, volume } = await client.volumes.publish('db', { consumer: `path:${target}`, path: target });
    expect([mount_path, volume.status.device]).toEqual([target, expect.stringMatching(/^\/dev\/loop/)]);
    writeFileSync(path.join(target, 'note'), 'before');
    expect(await client.snapshots.create({ volume: 'db', name: 's1' })).toMatchObject({ status: { state: 'ready', consistency: 'filesystem' } });
    writeFileSync(path.join(target, 'note'), 'after');
    await client.volumes.unpublish('db', { path: target });
    expect((await client.snapshots.restore('db@s1')).replication.history).toBeGreaterThan(made.replication.history);
    await client.volumes.publish('db', { consumer: 'again', path: target, read_only: true });
    expect(readFileSync(path.join(target, 'note'), 'utf8')).toBe('before');
    await client.volumes.unpublish('db', { consumer: 'again' });
    expect((await client.volumes.remove('db')).purgeAt).not.toBeNull();
    expect((await client.trash.restore('db')).name).toBe('db');
    expect((await client.volumes.remove('db', { purge: true })).purgeAt).toBeNull();
  });

  test('tells a second create of the name which fields differ, and changes nothing', async () => {
    const made = await client.volumes.create({ name: 'taken', size_bytes: 16 * MIB });
    const { status, body } = await speaker.ask('POST', '/v1/volumes', { json: { name: 'taken', size_bytes: 32 * MIB } });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'conflict', detail: { object: 'volume taken', fields: [expect.stringMatching(/size/)] } });
    expect((await client.volumes.get('taken')).version).toBe(made.version);
  });

  test('answers 10,000 requests at once, most of them creates of the same volume, makes one, and stays up', async () => {
    const agent = new http.Agent({ maxSockets: 1_000 });
    const one = (i: number): Promise<number | string> => new Promise((resolve) => {
      const create = i % 10 === 0;
      const payload = JSON.stringify({ name: 'flood', size_bytes: 16 * MIB });
      const request = http.request({ socketPath, agent, method: create ? 'POST' : 'GET', path: create ? '/v1/volumes' : '/v1/volumes/taken', headers: create ? { 'content-type': 'application/json', 'content-length': payload.length } : {} }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      });
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
      request.end(create ? payload : undefined);
    });
    const answers = await Promise.all(Array.from({ length: 10_000 }, (_, i) => one(i)));
    agent.destroy();
    expect([...new Set(answers)].filter((answer) => ![200, 201, 409, 503, 'EAGAIN'].includes(answer))).toEqual([]);
    expect((await client.volumes.ensure('flood', { size_bytes: 16 * MIB })).name).toBe('flood');
    expect(await client.volumes.list({ name: 'flood' }).all()).toHaveLength(1);
  });

  test('refuses 100 MB, and ends what is only half sent, without more memory or connections held', async () => {
    const before = await residentBytes();
    const big = await speaker.ask('POST', '/v1/volumes', { body: Buffer.alloc(100e6, 'a'), headers: { 'content-type': 'application/json' } }).then(({ status }) => status, (error: NodeJS.ErrnoException) => error.code);
    expect([413, 'EPIPE', 'ECONNRESET']).toContain(big);
    const half = await Promise.all(Array.from({ length: 100 }, () => speaker.raw('GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Slow: ', 30_000)));
    for (const text of half) expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect((await residentBytes()) - before).toBeLessThan(100e6);
  });

  test('a caller who waits for an operation sees its end, even when the daemon is killed in between', async () => {
    let killed: Promise<void> | undefined;
    const onProgress = (operation: Operation): void => {
      killed ??= daemon.kill('SIGKILL').then(() => daemon.start());
      expect(operation.kind).toBe('volume.create');
    };
    const volume = await client.volumes.create({ name: 'resumed', size_bytes: 512 * MIB }, { onProgress });
    expect(volume).toMatchObject({ name: 'resumed', status: { state: 'ready' } });
    await killed;
    expect((await client.checkStore()).sound).toBe(true);
  });

  const residentBytes = async (): Promise<number> => Number(/^process_resident_memory_bytes (\d+)$/m.exec((await speaker.ask('GET', '/metrics')).text)?.[1]);
});
