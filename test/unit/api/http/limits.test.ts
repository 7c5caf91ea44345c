import { afterEach, describe, expect, test } from '@jest/globals';
import http from 'node:http';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { recordedControl, VOLUME } from './recorded-control.ts';
import { serve, type Served } from './served.ts';

let served: Served | undefined;
afterEach(async () => {
  await served?.end();
  served = undefined;
});

/** A control whose getVolume answers when it is let go. */
function gated() {
  const recorded = recordedControl();
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => { open = resolve; });
  let begun = 0;
  const waiters: (() => void)[] = [];
  recorded.answer('getVolume', async () => {
    begun += 1;
    for (const waiter of waiters.splice(0)) waiter();
    await gate;
    return VOLUME;
  });
  const started = async (count: number): Promise<void> => {
    while (begun < count) await new Promise<void>((resolve) => { waiters.push(resolve); });
  };
  return { recorded, open: () => open(), started };
}

describe('too many requests', () => {
  test('beyond the limit get 503, retryable, with Retry-After; those in work finish; liveness answers all the while', async () => {
    const { recorded, open, started } = gated();
    served = await serve(recorded.control, { inWork: 3 });
    const { ask } = served;
    const working = [1, 2, 3].map(() => ask('GET', '/v1/volumes/db'));
    await started(3);
    const { status, headers, body } = await ask('GET', '/v1/volumes/db');
    expect([status, headers['retry-after'], body.code, body.retryable]).toEqual([503, '1', 'unavailable', true]);
    expect((await ask('GET', '/healthz')).status).toBe(200);
    open();
    expect((await Promise.all(working)).map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect((await ask('GET', '/v1/volumes/db')).status).toBe(200);
  });

  test('a caller that goes away gives its place free', async () => {
    const { recorded, open, started } = gated();
    served = await serve(recorded.control, { inWork: 1 });
    void served.raw('GET /v1/volumes/db HTTP/1.1\r\nHost: x\r\n\r\n', 100);
    await started(1);
    let status = 503;
    while (status === 503) {
      const asked = served.ask('GET', '/v1/pools/fast').then((answer) => answer.status);
      status = await asked;
    }
    expect(status).not.toBe(503);
    open();
  });

  test('10,000 at once: each gets an answer, and the server stays up', async () => {
    const recorded = recordedControl();
    recorded.answer('getVolume', VOLUME);
    const { ask, socketPath } = (served = await serve(recorded.control, { inWork: 64 }));
    const agent = new http.Agent({ maxSockets: 2_000 });
    const one = (): Promise<number | string> => new Promise((resolve) => {
      const request = http.get({ socketPath, path: '/v1/volumes/db', agent }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      });
      // The kernel keeps 4096 connections waiting and tells the others to try again, at once.
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    });
    const counts = new Map<number | string, number>();
    for (const answer of await Promise.all(Array.from({ length: 10_000 }, one))) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    agent.destroy();
    const { 200: good = 0, 503: busy = 0, EAGAIN: again = 0, ...others } = Object.fromEntries(counts);
    expect(others).toEqual({});
    expect(good + busy + again).toBe(10_000);
    expect(good).toBeGreaterThan(0);
    expect((await ask('GET', '/v1/volumes/db')).status).toBe(200);
  });
});

describe('requests that do not arrive', () => {
  const body = (text: string) => `{${/"code":"invalid_argument"/.test(text) ? 'ours' : text}}`;

  test.each([
    ['a half-sent head', 'GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['a half-sent body', 'POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"name":'],
    ['half a chunk', 'POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"na'],
  ])('%s is answered 408 and ended', async (_what, bytes) => {
    served = await serve(recordedControl().control, { headersMs: 200, requestMs: 300 });
    const text = await served.raw(bytes);
    expect(text.split('\r\n')[0]).toBe('HTTP/1.1 408 Request Timeout');
    expect(body(text)).toBe('{ours}');
  });

  test.each<[string, number, string]>([
    ['no HTTP at all', 400, 'hello\r\n\r\n'],
    ['binary', 400, '\u0016\u0003\u0001\u0002\u0000\u0001'],
    ['two lengths', 400, 'POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['length and chunks', 400, 'POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a head of 100 KB', 431, `GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(100_000)}\r\n\r\n`],
  ])('%s is answered %i and ended', async (_what, status, bytes) => {
    served = await serve(recordedControl().control);
    const text = await served.raw(bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(body(text)).toBe('{ours}');
    expect((await served.ask('GET', '/healthz')).status).toBe(200);
  });
});

describe('bodies of 100 MB', () => {
  test('that say so are answered 413 before they are read', async () => {
    const { socketPath } = (served = await serve(recordedControl().control));
    const { status, sent } = await pour(socketPath, { 'content-length': String(100e6) });
    expect(status).toBe(413);
    expect(sent).toBeLessThan(20e6);
  });

  test('that do not say so are answered 413 after the first MiB', async () => {
    const { socketPath } = (served = await serve(recordedControl().control));
    const { status, sent } = await pour(socketPath, { 'transfer-encoding': 'chunked' });
    expect(status).toBe(413);
    expect(sent).toBeLessThan(20e6);
  });
});

/** Sends up to 100 MB until an answer comes. */
function pour(socketPath: string, headers: Record<string, string>): Promise<{ readonly status: number; readonly sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let status = 0;
    const request = http.request({ socketPath, method: 'POST', path: '/v1/volumes', agent: false, headers: { 'content-type': 'application/json', ...headers } });
    request.on('response', (answer) => {
      status = answer.statusCode ?? 0;
      answer.resume();
      resolve({ status, sent });
      request.destroy();
    });
    request.on('error', (error) => { if (status === 0) reject(error); });
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const more = (): void => {
      if (status !== 0 || sent >= 100e6) return void (status === 0 && request.end());
      sent += chunk.length;
      request.write(chunk, () => setImmediate(more));
    };
    more();
  });
}

describe('ending', () => {
  test('lets requests in work finish, ends waits, and answers new ones with unavailable', async () => {
    const { recorded, open, started } = gated();
    const mine = (served = await serve(recorded.control));
    recorded.answer('createVolume', { object: VOLUME, operation: { id: 'op_1', state: 'running' }, warnings: [] });
    recorded.answer('waitOperation', (_id: string, _ms: number, signal: AbortSignal) => new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); }));
    const working = mine.ask('GET', '/v1/volumes/db');
    const waiting = mine.ask('POST', '/v1/volumes', { json: { name: 'db' } });
    await started(1);
    while (!recorded.calls.some(({ method }) => method === 'waitOperation')) await new Promise((resolve) => setImmediate(resolve));
    const ended = mine.api.close();
    expect((await waiting).status).toBe(202);
    open();
    expect((await working).status).toBe(200);
    await ended;
    await expect(mine.ask('GET', '/healthz')).rejects.toThrow(/ENOENT/);
  });

  test('ends connections of requests that do not finish', async () => {
    const { recorded, started } = gated();
    const mine = (served = await serve(recorded.control, { closeMs: 100 }));
    const working = mine.ask('GET', '/v1/volumes/db').then(() => 'answered', () => 'ended');
    await started(1);
    await mine.api.close();
    expect(await working).toBe('ended');
  });
});

describe('watching events', () => {
  test('streams them as they happen, those of one object when asked, and ends with the signal', async () => {
    const recorded = recordedControl();
    const event = (id: string, name: string) => ({ id, at: '', object: { kind: 'volume', id: `vol_${name}`, name }, reason: 'Created', message: '', severity: 'info' });
    let ended = false;
    recorded.answer('watchEvents', async function* (signal: AbortSignal) {
      yield* [event('evt_1', 'a'), event('evt_2', 'b'), event('evt_3', 'a')];
      await new Promise((resolve) => { signal.addEventListener('abort', resolve); });
      ended = true;
    });
    served = await serve(recorded.control);
    const text = await served.raw('GET /v1/events/watch?object=a HTTP/1.1\r\nHost: x\r\n\r\n', 300);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*content-type: text\/event-stream/i);
    expect([...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1])).toEqual(['evt_1', 'evt_3']);
    while (!ended) await new Promise((resolve) => setImmediate(resolve));
  });

  test('tells of a fault of the stream as an event, and ends', async () => {
    const recorded = recordedControl();
    recorded.answer('watchEvents', async function* () { throw new HoldfastError('unavailable', 'store away'); });
    served = await serve(recorded.control);
    expect(await served.raw('GET /v1/events/watch HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/event: error\ndata: {"code":"unavailable","message":"store away"/);
  });

  test('is refused beyond 64 streams', async () => {
    const recorded = recordedControl();
    let streams = 0;
    recorded.answer('watchEvents', async function* (signal: AbortSignal) {
      streams += 1;
      await new Promise((resolve) => { signal.addEventListener('abort', resolve); });
      yield* [];
    });
    const mine = (served = await serve(recorded.control));
    const open = Array.from({ length: 64 }, () => mine.raw('GET /v1/events/watch HTTP/1.1\r\nHost: x\r\n\r\n', 5_000).catch(() => ''));
    while (streams < 64) await new Promise((resolve) => setImmediate(resolve));
    expect((await mine.ask('GET', '/v1/events/watch')).body).toMatchObject({ code: 'unavailable', retryable: true });
    await mine.end();
    served = undefined;
    await Promise.all(open);
  });
});
