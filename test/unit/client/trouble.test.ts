/** What the client makes of a daemon that is away, busy, slow, broken or something else altogether. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createClient, type ClientOptions } from '../../../src/client/client.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { operation, VOLUME } from '../api/http/recorded-control.ts';

let directory: string;
const closers: (() => Promise<void>)[] = [];
beforeEach(() => { directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-client-')); });
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(directory, { recursive: true, force: true });
});

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;
/** A server that answers as the test says; counts requests. */
async function server(handler: Handler, options: ClientOptions = {}) {
  const at = path.join(directory, 's');
  const requests: { readonly method: string; readonly url: string; readonly headers: http.IncomingHttpHeaders; readonly body: string }[] = [];
  const web = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      handler(request, response, body);
    });
  });
  await new Promise<void>((resolve) => { web.listen(at, resolve); });
  const client = createClient({ endpoint: `unix://${at}`, ...options });
  closers.push(async () => {
    client.close();
    web.closeAllConnections();
    await new Promise((resolve) => { web.close(resolve); });
  });
  return { client, requests };
}
const json = (response: http.ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
};
const busy = { code: 'unavailable', message: 'busy', detail: {}, retryable: true };
const errorOf = (promise: Promise<unknown>): Promise<HoldfastError> => promise.then(() => { throw new Error('no error'); }, (error: unknown) => error as HoldfastError);

describe('an endpoint', () => {
  test.each(['', 'unix:', 'unix://relative', 'ftp://x', 'http://', 'http://u:p@x', 'http://x?y=1', '/run/x.sock'])('%j is refused with an example', async (endpoint) => {
    const error = await errorOf(Promise.resolve().then(() => createClient({ endpoint })));
    expect(error.toBody()).toMatchObject({ code: 'invalid_argument', detail: { field: 'endpoint', hint: expect.stringMatching(/unix:\/\/\/run\/holdfast/) } });
  });

  test('may be http to a host and port, with a path before the API', async () => {
    const asked: string[] = [];
    const web = http.createServer((request, response) => { asked.push(request.url ?? ''); json(response, 200, { id: 'clu_1' }); });
    await new Promise<void>((resolve) => { web.listen(0, '127.0.0.1', resolve); });
    const client = createClient({ endpoint: `http://127.0.0.1:${(web.address() as net.AddressInfo).port}/storage/` });
    closers.push(async () => { client.close(); web.closeAllConnections(); await new Promise((resolve) => { web.close(resolve); }); });
    expect(await client.cluster()).toEqual({ id: 'clu_1' });
    expect(asked).toEqual(['/storage/v1/cluster']);
  });
});

describe('a daemon that is not there', () => {
  test('is told from the missing socket at once, with what to do', async () => {
    const error = await errorOf(createClient({ endpoint: `unix://${directory}/none` }).status());
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error.toBody()).toMatchObject({ code: 'unavailable', message: `holdfastd cannot be reached: there is no socket at ${directory}/none`, detail: { hint: expect.stringMatching(/^Is holdfastd running\?/) } });
  });

  test('is told from a socket that nobody listens on', async () => {
    const at = path.join(directory, 'dead');
    const once = net.createServer();
    await new Promise<void>((resolve) => { once.listen(at, resolve); });
    renameSync(at, `${at}2`);
    await new Promise((resolve) => { once.close(resolve); });
    expect(await errorOf(createClient({ endpoint: `unix://${at}2`, attempts: 2 }).status())).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/nobody listens/) });
  });

  test('is told from a file that is no socket', async () => {
    writeFileSync(path.join(directory, 'file'), '');
    expect(await errorOf(createClient({ endpoint: `unix://${directory}/file`, attempts: 1 }).status())).toMatchObject({ code: 'unavailable' });
  });
});

describe('a daemon that is busy', () => {
  test('is asked again after its Retry-After, and answers', async () => {
    let turns = 0;
    const { client, requests } = await server((_, response) => {
      turns += 1;
      if (turns < 3) json(response, 503, busy, { 'retry-after': '0' });
      else json(response, 200, { id: 'clu_1' });
    });
    expect(await client.cluster()).toEqual({ id: 'clu_1' });
    expect(requests).toHaveLength(3);
  });

  test('is asked a bounded number of times, then its error is thrown', async () => {
    const { client, requests } = await server((_, response) => json(response, 503, busy, { 'retry-after': '0' }), { attempts: 4 });
    expect((await errorOf(client.cluster())).toBody()).toEqual(busy);
    expect(requests).toHaveLength(4);
  });

  test('is not asked again when it says that this is no use', async () => {
    const { client, requests } = await server((_, response) => json(response, 503, { ...busy, retryable: false }));
    expect(await errorOf(client.cluster())).toMatchObject({ code: 'unavailable' });
    expect(requests).toHaveLength(1);
  });
});

describe('a connection that breaks', () => {
  test('is no matter for a read, nor for a create with its key, which is sent again under the same key', async () => {
    const { client, requests } = await server((request, response) => {
      if (requests.length % 2 === 1) return void request.socket.destroy();
      json(response, request.method === 'GET' ? 200 : 201, { ...VOLUME, warnings: [] });
    });
    expect((await client.volumes.get('db')).name).toBe('db');
    expect((await client.volumes.create({ name: 'db' })).name).toBe('db');
    const keys = requests.slice(2).map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0]]);
  });

  test('is an error for a change that cannot be repeated', async () => {
    const { client, requests } = await server((request) => { request.socket.destroy(); });
    const error = await errorOf(client.volumes.remove('db'));
    expect(error.toBody()).toMatchObject({ code: 'unavailable', detail: { hint: expect.stringMatching(/may have been carried out/) } });
    expect(requests).toHaveLength(1);
  });
});

describe('an answer that does not come', () => {
  test('is given up after the time-out', async () => {
    const { client } = await server(() => undefined, { timeoutMs: 50, attempts: 1 });
    expect(await errorOf(client.status())).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/no answer within 50 ms/) });
  });

  test('is given up with the signal, whose reason is thrown', async () => {
    const stop = new AbortController();
    const { client } = await server(() => { stop.abort(new Error('enough')); });
    await expect(client.status({ signal: stop.signal })).rejects.toThrow('enough');
    await expect(client.status({ signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('an answer that is not of Holdfast', () => {
  test.each([[404, '<html>'], [502, 'Bad gateway'], [400, '{"error":"x"}'], [200, '<html>']])('(%i %s) is told as such', async (status, text) => {
    const { client } = await server((_, response) => { response.writeHead(status).end(text); }, { attempts: 1 });
    const error = await errorOf(client.volumes.find('db'));
    expect(['internal', 'unavailable']).toContain(error.code);
    expect(error.detail.hint).toMatch(/Check that the endpoint is holdfastd/);
  });
});

describe('an operation', () => {
  const begun = { ...operation(), warnings: ['w'] };
  /** Operation states by turn; then the volume. */
  const working = (states: readonly Partial<Operation>[], more?: Handler): Handler => {
    let turn = 0;
    return (request, response, body) => {
      if (more !== undefined && request.url?.endsWith('/cancel') === true) return more(request, response, body);
      if (request.method === 'POST') return json(response, 202, begun, { location: '/v1/operations/x' });
      if (request.url?.startsWith('/v1/operations/') === true) {
        const state = states[Math.min(turn, states.length - 1)];
        turn += 1;
        return json(response, 200, operation(state));
      }
      json(response, 200, VOLUME);
    };
  };

  test('is followed to its end, then the object is read, with the warnings of its beginning', async () => {
    const { client, requests } = await server(working([{ done: 2 }, { state: 'succeeded', done: 3 }]));
    const done: number[] = [];
    expect(await client.volumes.create({ name: 'db' }, { onProgress: (one) => done.push(one.done) })).toEqual({ ...VOLUME, warnings: ['w'] });
    expect(done).toEqual([1, 2, 3]);
    expect(requests[0]?.headers['prefer']).toBe('respond-async');
  });

  test('that fails throws its error', async () => {
    const { client } = await server(working([{ state: 'failed', error: { code: 'resource_exhausted', message: 'full', detail: {}, retryable: false } }]));
    expect(await errorOf(client.volumes.create({ name: 'db' }))).toMatchObject({ code: 'resource_exhausted', message: 'full' });
  });

  test('is followed over a restart of the daemon', async () => {
    let turn = 0;
    const { client } = await server((request, response) => {
      turn += 1;
      if (request.method === 'POST') return json(response, 202, begun);
      if (turn < 4) return void request.socket.destroy();
      json(response, 200, request.url?.startsWith('/v1/operations/') === true ? operation({ state: 'succeeded' }) : VOLUME);
    }, { attempts: 1 });
    expect((await client.volumes.create({ name: 'db' })).name).toBe('db');
  });

  test('is not waited for longer than asked, and the error names it', async () => {
    const { client } = await server(working([{}]));
    const error = await errorOf(client.volumes.create({ name: 'db' }, { timeoutMs: 150 }));
    expect(error.toBody()).toMatchObject({ code: 'unavailable', detail: { object: `operation ${operation().id}` } });
  });

  test('is not waited for longer than asked when the daemon is away, either', async () => {
    const { client } = await server((request, response) => {
      if (request.method === 'POST') return json(response, 202, begun);
      request.socket.destroy();
    }, { attempts: 1 });
    const began = performance.now();
    const error = await errorOf(client.volumes.create({ name: 'db' }, { timeoutMs: 150 }));
    expect(error.toBody()).toMatchObject({ code: 'unavailable', detail: { object: `operation ${operation().id}` } });
    // The patience with a daemon that restarts is 30 s.
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  test('goes on when the signal ends the wait', async () => {
    const stop = new AbortController();
    const { client, requests } = await server(working([{}]));
    await expect(client.volumes.create({ name: 'db' }, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect(requests.filter(({ url }) => url.endsWith('/cancel'))).toEqual([]);
  });

  test('is cancelled with the signal when asked to, and answered as it ended: cancelled, or done after all', async () => {
    for (const end of ['cancelled', 'succeeded'] as const) {
      const stop = new AbortController();
      let asked = false;
      const { client } = await server((request, response) => {
        if (request.url?.endsWith('/cancel') === true) {
          asked = true;
          return end === 'succeeded' ? json(response, 412, { code: 'failed_precondition', message: 'too late', detail: {}, retryable: false }) : json(response, 200, operation({ cancel_requested: true }));
        }
        if (request.method === 'POST') return json(response, 202, begun);
        json(response, 200, request.url?.startsWith('/v1/operations/') === true ? operation(asked ? { state: end } : {}) : VOLUME);
      });
      const result = client.volumes.create({ name: 'db' }, { signal: stop.signal, cancelOnAbort: true, onProgress: () => stop.abort() });
      if (end === 'succeeded') expect((await result).name).toBe('db');
      else expect(await errorOf(result)).toMatchObject({ code: 'failed_precondition', message: 'volume.create of volume db was cancelled' });
      for (const close of closers.splice(0)) await close();
    }
  });
});
