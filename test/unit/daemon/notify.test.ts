// The datagram that a service manager waits for, received on a real socket in the temporary directory.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import koffi from 'koffi';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { notifyServiceManager } from '../../../src/daemon/notify.ts';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)') as (domain: number, type: number, protocol: number) => number;
const bind = libc.func('int bind(int, void *, uint)') as (fd: number, address: Buffer, length: number) => number;
const receive = libc.func('long recv(int, _Out_ uint8_t *, size_t, int)') as (fd: number, into: Buffer, length: number, flags: number) => number;
const close = libc.func('int close(int)') as (fd: number) => number;
const [AF_UNIX, SOCK_DGRAM, MSG_DONTWAIT] = [1, 2, 0x40] as const;

describe('telling the service manager', () => {
  let directory = '';
  let fd = -1;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-notify-'));
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  });
  afterEach(() => {
    close(fd);
    rmSync(directory, { recursive: true });
  });
  const listen = (name: string): void => {
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(name.replace(/^@/, '\0'))]);
    expect(bind(fd, address, address.length)).toBe(0);
  };
  const heard = (): string | null => {
    const into = Buffer.alloc(200);
    const length = Number(receive(fd, into, into.length, MSG_DONTWAIT));
    return length < 0 ? null : into.subarray(0, length).toString();
  };

  test('the state arrives at a socket of a path', () => {
    const name = path.join(directory, 'notify');
    listen(name);
    expect(notifyServiceManager('READY=1', name)).toBe(true);
    expect(heard()).toBe('READY=1');
  });

  test('the state arrives at a socket of an abstract name', () => {
    const name = `@holdfast-notify-${path.basename(directory)}`;
    listen(name);
    expect(notifyServiceManager('STOPPING=1\nSTATUS=über', name)).toBe(true);
    expect(heard()).toBe('STOPPING=1\nSTATUS=über');
  });

  test('without a service manager, with a wrong address, and when nobody listens, nothing happens', () => {
    listen(path.join(directory, 'other'));
    for (const address of [undefined, '', 'relative', '/', '@', path.join(directory, 'nobody'), `/${'x'.repeat(200)}`]) {
      expect(notifyServiceManager('READY=1', address)).toBe(false);
    }
    expect(heard()).toBeNull();
  });
});
