/**
 * What a mirror does with memory, without what it decides: requests go on to several replicas from where they arrived, answers to
 * reads come back from where they arrived, one replica is slow, connections break. No byte may ever be another one's.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openNbd, type NbdClient, type ReplyHandler } from '../../../src/replication/nbd/client.ts';
import { serveNbd, type FrontConnection, type RequestHandler } from '../../../src/replication/nbd/server.ts';
import type { View } from '../../../src/replication/nbd/slab.ts';
import { COMMAND, NBD_ERROR, type NbdError } from '../../../src/replication/nbd/wire.ts';
import { command, describeIf } from '../../lab/needs.ts';
import { until } from '../../unit/replication/nbd/memory-disk.ts';
import { makeSparse, serveImage, type ReplicaServer } from './replica-server.ts';

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
const run = promisify(execFile);

let directory: string;
const servers: ReplicaServer[] = [];
const listeners: Server[] = [];
const at = (name: string): string => path.join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-fan-out-'));
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.close();
  for (const server of servers.splice(0)) await server.close();
  rmSync(directory, { recursive: true });
});

/** All replicas get what changes. The last one need not answer, as one that is being synced. Reads go to the others in turn. */
class FanOut implements RequestHandler {
  readonly #front: FrontConnection;
  readonly clients: NbdClient[] = [];
  readonly #missing = new Map<number, number>();
  #turn = 0;

  constructor(front: FrontConnection) {
    this.#front = front;
  }

  handler(counts: boolean): ReplyHandler {
    return {
      reply: (cookie: number, error: NbdError, data: View | null) => {
        if (!counts) return;
        const missing = (this.#missing.get(cookie) ?? 0) - 1;
        this.#missing.set(cookie, missing);
        if (missing > 0) return;
        this.#missing.delete(cookie);
        this.#front.reply(cookie, error, data);
      },
      closed: () => undefined,
    };
  }

  request(cookie: number, type: number, offset: number, length: number, payload: View | null, flags: number): void {
    const members = this.clients.length - 1;
    this.#turn = (this.#turn + 1) % members;
    const to = type === COMMAND.read ? this.clients.slice(this.#turn, this.#turn + 1) : this.clients;
    this.#missing.set(cookie, type === COMMAND.read ? 1 : members);
    for (const client of to) client.send(cookie, type, offset, length, payload, flags);
  }

  batchEnd(): void {
    for (const client of this.clients) client.flush();
  }

  closed(): void {
    for (const cookie of this.#missing.keys()) this.#front.reply(cookie, NBD_ERROR.ESHUTDOWN);
    this.#missing.clear();
  }
}

/** A way to the socket with a gate in it. */
class Way {
  readonly listener: Server;
  readonly #pairs: [Socket, Socket][] = [];
  #open = true;

  constructor(to: string) {
    this.listener = createServer((near) => {
      const far = connect(to);
      far.pipe(near);
      this.#pairs.push([near, far]);
      this.gate(this.#open);
      near.on('close', () => void far.destroy()).on('error', () => undefined);
      far.on('error', () => undefined);
    });
  }

  gate(open: boolean): void {
    this.#open = open;
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      if (open) near.pipe(far);
      else near.pause();
    }
  }
}

describeIf([command('nbdcopy')], 'requests that go on to three replicas, of which one is slow and not waited for,', () => {
  test('leave all of them with the same bytes', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      makeSparse(at(name), SIZE);
      servers.push(await serveImage(at(name), SIZE, { socket: at(`${name}.socket`) }));
    }
    const way = new Way(at('c.socket'));
    listeners.push(way.listener);
    await new Promise<void>((resolve) => void way.listener.listen(at('slow.socket'), resolve));
    const clients: NbdClient[] = [];
    const listener = createServer((socket) => void serveNbd(socket, null, {
      open: async (_name, _peer, front) => {
        const fanOut = new FanOut(front);
        for (const name of ['a', 'b', 'slow']) fanOut.clients.push(await openNbd(connect(at(`${name}.socket`)), { export: name, handler: fanOut.handler(name !== 'slow') }));
        clients.push(...fanOut.clients);
        return { size: SIZE, handler: fanOut };
      },
    }));
    listeners.push(listener);
    await new Promise<void>((resolve) => void listener.listen(at('front'), resolve));
    const uri = `nbd+unix:///?socket=${at('front')}`;
    for (const requestSize of [4096, 65536, 2 * MIB]) {
      const disk = randomBytes(SIZE);
      disk.fill(0, 5 * MIB, 9 * MIB);
      writeFileSync(at('there'), disk);
      way.gate(true);
      const before = clients.length;
      const copying = run('nbdcopy', [`--request-size=${requestSize}`, '--requests=64', '--flush', at('there'), uri]);
      await until(() => clients.length > before);
      way.gate(false);
      await copying;
      expect(clients.at(-1)?.inFlight).toBeGreaterThan(0);
      way.gate(true);
      await run('nbdcopy', [`--request-size=${requestSize}`, '--requests=64', uri, at('back')]);
      expect(readFileSync(at('back')).equals(disk)).toBe(true);
      await until(() => clients.every(({ inFlight }) => inFlight === 0));
      for (const name of names) expect(readFileSync(at(name)).equals(disk)).toBe(true);
    }
    for (const client of clients) client.drop('done');
    expect(servers.flatMap(({ faults }) => faults)).toEqual([]);
  });
});
